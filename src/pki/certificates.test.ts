import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { realRandom, seededRandom } from '#base'
import { parseCertificate, parseCertificates } from './certificate.ts'
import { createSigningRequest, parseSigningRequest } from './csr.ts'
import { PkiError } from './error.ts'
import { issueCertificate, selfSignAuthority, type Credential } from './issue.ts'
import { generateKeyPair, type KeyType } from './keys.ts'
import { pemDecode, pemEncode } from './pem.ts'
import { decodeKeyUsage, encodeKeyUsage, parseUsage, type Usage } from './usages.ts'
import { verifyCertificate } from './verify.ts'

const now = 1_780_272_000_000
const hour = 3_600_000

function authority(name: string, type: KeyType = 'ecdsa-p256'): Credential {
  const key = generateKeyPair(type, realRandom)
  const subject = { commonName: name, organizations: [] }
  const times = { notBeforeMs: now - hour, notAfterMs: now + 10 * hour }
  return { key, certificate: selfSignAuthority({ subject, ...times }, key, realRandom) }
}

function leaf(issuer: Credential, usages: readonly Usage[] = ['client auth']) {
  const { publicKey } = generateKeyPair('ecdsa-p256', realRandom)
  return issueCertificate(
    {
      subject: { commonName: 'jane', organizations: ['dev', 'ops, "quoted"'] },
      publicKey,
      usages,
      alternativeNames: { dnsNames: ['a.example'], ipAddresses: ['10.0.0.1', '2001:db8::7'] },
      notBeforeMs: now - hour,
      notAfterMs: now + hour,
    },
    issuer,
    realRandom,
  )
}

function refusal(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof PkiError) return error.reason
    throw error
  }
  return 'accepted'
}

for (const type of ['ecdsa-p256', 'rsa-2048', 'ed25519'] as const) {
  test(`a ${type} authority issues certificates that verify`, () => {
    const ca = authority('ca', type)
    const certificate = leaf(ca, ['digital signature', 'client auth'])
    assert.equal(certificate.subject.commonName, 'jane')
    assert.deepEqual(certificate.subject.organizations, ['dev', 'ops, "quoted"'])
    assert.deepEqual(certificate.alternativeNames.dnsNames, ['a.example'])
    assert.deepEqual(certificate.alternativeNames.ipAddresses, ['10.0.0.1', '2001:db8::7'])
    assert.equal(certificate.issuer.commonName, 'ca')
    assert.equal(certificate.authorityKeyId, ca.certificate.subjectKeyId)
    assert.equal(certificate.notAfterMs, now + hour)
    assert.deepEqual(certificate.keyUsages, ['digital signature'])
    assert.equal(certificate.isAuthority, false)
    const options = { roots: [ca.certificate], atMs: now, usage: 'client auth' } as const
    assert.deepEqual(verifyCertificate(certificate, options), [certificate, ca.certificate])
    assert.deepEqual(parseCertificates(`junk\n${certificate.pem}`)[0]?.der, certificate.der)
  })
}

test('verification refuses', () => {
  const ca = authority('ca')
  const twin = authority('ca')
  const certificate = leaf(ca)
  const roots = [ca.certificate]
  const verify = (
    options: Partial<Parameters<typeof verifyCertificate>[1]>,
    subject = certificate,
  ) =>
    refusal(() =>
      verifyCertificate(subject, { roots, atMs: now, usage: 'client auth', ...options }),
    )
  assert.equal(verify({}), 'accepted')
  assert.equal(verify({ roots: [] }), 'UnknownAuthority')
  assert.equal(verify({ roots: [twin.certificate] }), 'UnknownAuthority', 'same name, other key')
  assert.equal(verify({ roots: [certificate] }), 'UnknownAuthority', 'a leaf is no root')
  assert.equal(verify({ atMs: now + 2 * hour }), 'Expired')
  assert.equal(verify({ atMs: now - 2 * hour }), 'NotYetValid')
  assert.equal(verify({ usage: 'server auth' }), 'WrongUsage')
  assert.equal(verify({ usage: 'server auth' }, leaf(ca, ['any'])), 'accepted')
  assert.equal(verify({ usage: 'server auth' }, leaf(ca, [])), 'accepted', 'unrestricted')
})

test('a leaf cannot act as an authority', () => {
  const ca = authority('ca')
  const key = generateKeyPair('ecdsa-p256', realRandom)
  const times = { notBeforeMs: now - hour, notAfterMs: now + hour }
  const subject = { commonName: 'middle', organizations: [] }
  const middle = issueCertificate(
    { subject, publicKey: key.publicKey, usages: ['cert sign', 'client auth'], ...times },
    ca,
    realRandom,
  )
  const forged = leaf({ key, certificate: middle })
  const options = { roots: [ca.certificate], intermediates: [middle], atMs: now } as const
  assert.equal(
    refusal(() => verifyCertificate(forged, { ...options, usage: 'client auth' })),
    'UnknownAuthority',
  )
})

test('an altered certificate is refused', () => {
  const ca = authority('ca')
  const der = leaf(ca).der.slice()
  const at = Buffer.from(der).indexOf('jane')
  der[at] = 'k'.charCodeAt(0)
  const options = { roots: [ca.certificate], atMs: now, usage: 'client auth' } as const
  assert.equal(
    refusal(() => verifyCertificate(parseCertificate(der), options)),
    'UnknownAuthority',
  )
  assert.equal(
    refusal(() => parseCertificate(der.slice(0, 40))),
    'Malformed',
  )
  assert.equal(
    refusal(() => parseCertificate(new Uint8Array())),
    'Malformed',
  )
})

test('serial numbers repeat with the seed and are positive', () => {
  const ca = authority('ca')
  const template = {
    subject: { commonName: 'x', organizations: [] },
    publicKey: ca.key.publicKey,
    usages: [],
    notBeforeMs: 0,
    notAfterMs: now,
  }
  const serial = () => issueCertificate(template, ca, seededRandom(3)).serialNumber
  assert.equal(serial(), serial())
  assert.match(serial(), /^[4-7][0-9a-f]{31}$/)
})

test('signing requests keep subject and names', () => {
  const key = generateKeyPair('ecdsa-p256', realRandom)
  const pem = createSigningRequest(
    key,
    { commonName: 'system:node:n1', organizations: ['system:nodes'] },
    { dnsNames: ['n1'], ipAddresses: ['100.64.10.2'] },
  )
  const request = parseSigningRequest(pem)
  assert.equal(request.subject.commonName, 'system:node:n1')
  assert.deepEqual(request.subject.organizations, ['system:nodes'])
  assert.deepEqual(request.alternativeNames.dnsNames, ['n1'])
  assert.deepEqual(request.alternativeNames.ipAddresses, ['100.64.10.2'])
  assert.ok(request.publicKey.equals(key.publicKey))
})

test('a signing request must be signed by its own key', () => {
  const key = generateKeyPair('ecdsa-p256', realRandom)
  const pem = createSigningRequest(key, { commonName: 'jane', organizations: [] })
  const der = pemDecode(pem)[0]?.der.slice() ?? new Uint8Array()
  der[Buffer.from(der).indexOf('jane')] = 'k'.charCodeAt(0)
  const forged = pemEncode('CERTIFICATE REQUEST', der)
  assert.equal(
    refusal(() => parseSigningRequest(forged)),
    'BadSignature',
  )
  assert.equal(
    refusal(() => parseSigningRequest('')),
    'Malformed',
  )
  assert.equal(
    refusal(() => parseSigningRequest(pemEncode('CERTIFICATE', der))),
    'Malformed',
  )
})

test('key usages are the shortest bit string', () => {
  const table: readonly (readonly [readonly Usage[], string, number])[] = [
    [['digital signature', 'key encipherment'], 'a0', 5],
    [['cert sign'], '04', 2],
    [['decipher only'], '0080', 7],
  ]
  for (const [usages, bytes, unused] of table) {
    const bits = encodeKeyUsage(usages)
    assert.ok(bits)
    assert.equal(Buffer.from(bits.value).toString('hex'), bytes)
    assert.equal(bits.unusedBits, unused)
    assert.deepEqual(decodeKeyUsage(bits), usages)
  }
  assert.equal(encodeKeyUsage(['client auth']), undefined)
  assert.equal(parseUsage('signing'), 'digital signature')
  assert.equal(
    refusal(() => parseUsage('__proto__')),
    'Unsupported',
  )
})
