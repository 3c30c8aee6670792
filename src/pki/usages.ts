import { BitString } from '@peculiar/asn1-schema'
import { ExtendedKeyUsage, KeyUsageFlags } from '@peculiar/asn1-x509'
import { PkiError } from './error.ts'

/** What a key may be used for, in the words of `certificates.k8s.io/v1`. */
export type Usage = (typeof keyUsageBits)[number][0] | (typeof extendedUsages)[number][0]

const keyUsageBits = [
  ['digital signature', KeyUsageFlags.digitalSignature],
  ['content commitment', KeyUsageFlags.nonRepudiation],
  ['key encipherment', KeyUsageFlags.keyEncipherment],
  ['data encipherment', KeyUsageFlags.dataEncipherment],
  ['key agreement', KeyUsageFlags.keyAgreement],
  ['cert sign', KeyUsageFlags.keyCertSign],
  ['crl sign', KeyUsageFlags.cRLSign],
  ['encipher only', KeyUsageFlags.encipherOnly],
  ['decipher only', KeyUsageFlags.decipherOnly],
] as const

const extendedUsages = [
  ['any', '2.5.29.37.0'],
  ['server auth', '1.3.6.1.5.5.7.3.1'],
  ['client auth', '1.3.6.1.5.5.7.3.2'],
  ['code signing', '1.3.6.1.5.5.7.3.3'],
  ['email protection', '1.3.6.1.5.5.7.3.4'],
  ['ipsec end system', '1.3.6.1.5.5.7.3.5'],
  ['ipsec tunnel', '1.3.6.1.5.5.7.3.6'],
  ['ipsec user', '1.3.6.1.5.5.7.3.7'],
  ['timestamping', '1.3.6.1.5.5.7.3.8'],
  ['ocsp signing', '1.3.6.1.5.5.7.3.9'],
  ['microsoft sgc', '1.3.6.1.4.1.311.10.3.3'],
  ['netscape sgc', '2.16.840.1.113730.4.1'],
] as const

/** `signing` and `s/mime` are the API's second names for usages that have a first one. */
const aliases = new Map<string, Usage>([
  ['signing', 'digital signature'],
  ['s/mime', 'email protection'],
])

/** The usage an API object names; throws `Unsupported` for a word the API does not have. */
export function parseUsage(word: string): Usage {
  const alias = aliases.get(word)
  if (alias !== undefined) return alias
  const known = [...keyUsageBits, ...extendedUsages].find(([name]) => name === word)
  if (known === undefined) throw new PkiError('Unsupported', `unrecognized usage "${word}"`)
  return known[0]
}

/** The KeyUsage bit string as DER wants it: no trailing zero bits. Undefined when no bit is set. */
export function encodeKeyUsage(usages: readonly Usage[]): BitString | undefined {
  let flags = 0
  for (const [name, bit] of keyUsageBits) if (usages.includes(name)) flags |= bit
  if (flags === 0) return undefined
  const highest = 31 - Math.clz32(flags)
  const bytes = new Uint8Array((highest >> 3) + 1)
  for (let i = 0; i <= highest; i++) {
    if ((flags & (1 << i)) !== 0) bytes[i >> 3] = (bytes[i >> 3] ?? 0) | (0x80 >> (i & 7))
  }
  return new BitString(bytes, 7 - (highest & 7))
}

export function decodeKeyUsage(bits: BitString): readonly Usage[] {
  const bytes = new Uint8Array(bits.value)
  return keyUsageBits.flatMap(([name, bit]) => {
    const i = 31 - Math.clz32(bit)
    return ((bytes[i >> 3] ?? 0) & (0x80 >> (i & 7))) === 0 ? [] : [name]
  })
}

export function encodeExtendedUsage(usages: readonly Usage[]): ExtendedKeyUsage | undefined {
  const oids = extendedUsages.flatMap(([name, oid]) => (usages.includes(name) ? [oid] : []))
  return oids.length === 0 ? undefined : new ExtendedKeyUsage(oids)
}

/** Purposes the API has no word for are left out. */
export function decodeExtendedUsage(usage: ExtendedKeyUsage): readonly Usage[] {
  return [...usage].flatMap((id) =>
    extendedUsages.flatMap(([name, oid]) => (oid === id ? [name] : [])),
  )
}
