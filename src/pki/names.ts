import {
  AttributeTypeAndValue,
  AttributeValue,
  GeneralName,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
} from '@peculiar/asn1-x509'

/** A distinguished name as Kubernetes reads it: user name, groups, and whatever else it holds. */
export interface Subject {
  readonly commonName: string
  readonly organizations: readonly string[]
  readonly others?: readonly { readonly oid: string; readonly value: string }[]
}

/** Subject alternative names. IP addresses in their usual text form. */
export interface AlternativeNames {
  readonly dnsNames: readonly string[]
  readonly ipAddresses: readonly string[]
  readonly emailAddresses: readonly string[]
  readonly uris: readonly string[]
}

export const noAlternativeNames: AlternativeNames = {
  dnsNames: [],
  ipAddresses: [],
  emailAddresses: [],
  uris: [],
}

const commonNameOid = '2.5.4.3'
const organizationOid = '2.5.4.10'

export function encodeName(subject: Subject): Name {
  const attributes = [
    ...subject.organizations.map((value) => ({ oid: organizationOid, value })),
    ...(subject.others ?? []),
    ...(subject.commonName === '' ? [] : [{ oid: commonNameOid, value: subject.commonName }]),
  ]
  return new Name(
    attributes.map(({ oid, value }) => {
      const text = new AttributeValue({ utf8String: value })
      return new RelativeDistinguishedName([new AttributeTypeAndValue({ type: oid, value: text })])
    }),
  )
}

/** Several common names: the last one counts, as in Go's crypto/x509. */
export function decodeName(name: Name): Subject {
  let commonName = ''
  const organizations: string[] = []
  const others: { oid: string; value: string }[] = []
  for (const relative of name) {
    for (const { type, value } of relative) {
      if (type === commonNameOid) commonName = value.toString()
      else if (type === organizationOid) organizations.push(value.toString())
      else others.push({ oid: type, value: value.toString() })
    }
  }
  return { commonName, organizations, others }
}

export function encodeAlternativeNames(names: AlternativeNames): SubjectAlternativeName {
  return new SubjectAlternativeName([
    ...names.dnsNames.map((dNSName) => new GeneralName({ dNSName })),
    ...names.emailAddresses.map((rfc822Name) => new GeneralName({ rfc822Name })),
    ...names.ipAddresses.map((iPAddress) => new GeneralName({ iPAddress })),
    ...names.uris.map((uri) => new GeneralName({ uniformResourceIdentifier: uri })),
  ])
}

export function decodeAlternativeNames(names: SubjectAlternativeName): AlternativeNames {
  const all = [...names]
  return {
    dnsNames: all.flatMap((name) => name.dNSName ?? []),
    ipAddresses: all.flatMap((name) => name.iPAddress ?? []),
    emailAddresses: all.flatMap((name) => name.rfc822Name ?? []),
    uris: all.flatMap((name) => name.uniformResourceIdentifier ?? []),
  }
}

export function hasAlternativeNames(names: AlternativeNames): boolean {
  const { dnsNames, ipAddresses, emailAddresses, uris } = names
  return dnsNames.length + ipAddresses.length + emailAddresses.length + uris.length > 0
}
