import { strict as assert } from 'node:assert'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { realClock, realRandom, seededRandom, type Clock } from '#base'
import { ensurePki, memoryPki, type PkiOptions } from './authority.ts'
import { PkiError } from './error.ts'
import { verifyCertificate } from './verify.ts'

const start = 1_780_272_000_000
const day = 86_400_000

function options(nowMs = start): PkiOptions {
  const clock: Clock = Object.assign(Object.create(realClock), { now: () => nowMs })
  return { clock, random: realRandom, hostName: 'box', serviceIps: ['10.43.0.1'] }
}

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'k8ts-pki-'))
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

test('the first start makes everything, the next one finds it', (t) => {
  const path = directory(t)
  const first = ensurePki(path, options())
  const before = new Map(readdirSync(path).map((file) => [file, readFileSync(join(path, file))]))
  assert.equal(before.size, 14)
  for (const file of before.keys()) {
    const mode = statSync(join(path, file)).mode & 0o777
    assert.equal(mode & 0o077 & ~(file.endsWith('.key') ? 0 : 0o044), 0, file)
  }
  const second = ensurePki(path, options(start + day))
  for (const [file, bytes] of before) assert.deepEqual(readFileSync(join(path, file)), bytes, file)
  assert.equal(second.serving.certificate.pem, first.serving.certificate.pem)
  assert.ok(second.serviceAccount.publicKey.equals(first.serviceAccount.publicKey))
})

test('the serving certificate holds the names clients use', () => {
  const { serving, ca } = memoryPki({
    ...options(),
    extraIps: ['100.64.10.1'],
    extraDnsNames: ['x'],
  })
  assert.deepEqual(serving.certificate.alternativeNames.dnsNames, [
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
    'localhost',
    'box',
    'x',
  ])
  assert.deepEqual(serving.certificate.alternativeNames.ipAddresses, [
    '127.0.0.1',
    '::1',
    '10.43.0.1',
    '100.64.10.1',
  ])
  verifyCertificate(serving.certificate, {
    roots: [ca.certificate],
    atMs: start,
    usage: 'server auth',
  })
})

test('identities are those upstream gives', () => {
  const pki = memoryPki(options())
  assert.deepEqual(pki.admin.certificate.subject.organizations, ['system:masters'])
  const subject = { commonName: 'system:kube-scheduler', organizations: [] }
  const scheduler = pki.client('scheduler', subject)
  assert.equal(scheduler.certificate.subject.commonName, 'system:kube-scheduler')
  assert.equal(pki.client('scheduler', subject).certificate.pem, scheduler.certificate.pem)
  const check = { roots: [pki.ca.certificate], atMs: start, usage: 'client auth' } as const
  assert.throws(() => verifyCertificate(pki.frontProxyClient.certificate, check), PkiError)
})

test('certificates near their end are issued again over the same key', (t) => {
  const path = directory(t)
  const first = ensurePki(path, options())
  const late = ensurePki(path, options(start + 340 * day))
  assert.notEqual(late.serving.certificate.pem, first.serving.certificate.pem)
  assert.ok(late.serving.key.publicKey.equals(first.serving.key.publicKey))
  assert.equal(late.ca.certificate.pem, first.ca.certificate.pem)
  const atMs = start + 3300 * day
  const later = ensurePki(path, options(atMs))
  assert.notEqual(later.ca.certificate.pem, first.ca.certificate.pem)
  const check = { roots: [first.ca.certificate], atMs, usage: 'server auth' } as const
  verifyCertificate(later.serving.certificate, check)
})

test('a new name is added to the serving certificate', (t) => {
  const path = directory(t)
  ensurePki(path, options())
  const moved = ensurePki(path, { ...options(), hostName: 'other' })
  assert.ok(moved.serving.certificate.alternativeNames.dnsNames.includes('other'))
})

test('a file that cannot be used is named and kept', (t) => {
  for (const file of ['ca.crt', 'ca.key', 'apiserver.crt', 'admin.key', 'sa.key']) {
    const path = directory(t)
    ensurePki(path, options())
    writeFileSync(join(path, file), 'broken')
    assert.throws(
      () => ensurePki(path, options()),
      (error) =>
        error instanceof PkiError &&
        error.reason === 'Unusable' &&
        error.message.startsWith(join(path, file)),
    )
    assert.equal(readFileSync(join(path, file), 'utf8'), 'broken')
  }
})

test('a missing authority key and a foreign key are errors', (t) => {
  const path = directory(t)
  ensurePki(path, options())
  const key = readFileSync(join(path, 'ca.key'))
  rmSync(join(path, 'ca.key'))
  assert.throws(() => ensurePki(path, options()), /ca\.key cannot be used: it is missing/)
  writeFileSync(join(path, 'ca.key'), key)
  writeFileSync(join(path, 'admin.key'), key)
  assert.throws(() => ensurePki(path, options()), /admin\.crt cannot be used: it does not belong/)
})

test('a start cut short is completed by the next', (t) => {
  const path = directory(t)
  ensurePki(path, options())
  for (const file of ['admin.crt', 'front-proxy-ca.crt', 'sa.pub']) rmSync(join(path, file))
  const pki = ensurePki(path, options())
  verifyCertificate(pki.frontProxyClient.certificate, {
    roots: [pki.frontProxyCa.certificate],
    atMs: start,
    usage: 'client auth',
  })
  assert.equal(readdirSync(path).length, 14)
})

test('a simulation repeats its keys and certificates', () => {
  const make = () => {
    const seeded = { ...options(), random: seededRandom(11), keyType: 'ed25519' } as const
    return memoryPki(seeded).serving.certificate.pem
  }
  assert.equal(make(), make())
})

/** Made by openssl: its key identifiers are computed in another way than ours. Valid for a century. */
const foreignCertificate = `-----BEGIN CERTIFICATE-----
MIIBizCCATGgAwIBAgIUeYzXcRJVpNSDdfVOhBDLS9gPs88wCgYIKoZIzj0EAwIw
EjEQMA4GA1UEAwwHZm9yZWlnbjAgFw0yNjExMjEwOTM2NTFaGA8yMTI2MTAyODA5
MzY1MVowEjEQMA4GA1UEAwwHZm9yZWlnbjBZMBMGByqGSM49AgEGCCqGSM49AwEH
A0IABB79uMpNGGS7CHqHKNhfmC3uV67NKK9O7jTAZs1zA/zr0o+RT89U+VPnZs3Q
mvT8ABO7Yb4YQXSH5YVPbySIVqajYzBhMB0GA1UdDgQWBBS/4ez76iw3OBUM3QHC
zw9s67V26TAfBgNVHSMEGDAWgBS/4ez76iw3OBUM3QHCzw9s67V26TAPBgNVHRMB
Af8EBTADAQH/MA4GA1UdDwEB/wQEAwIChDAKBggqhkjOPQQDAgNIADBFAiEAkN3H
ZqI4foFAG4AWvlPB1wSsLBCT89nrVBFZSWFVFL4CIFx4V5l7QwE+bijv49e3OGnb
Uv0UmDQHCESVXt7XOgdm
-----END CERTIFICATE-----
`
const foreignKey = `-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIMtVirjjCItF3jEFFhgqxX2YHNsisFK/713CgPBSNt7+oAoGCCqGSM49
AwEHoUQDQgAEHv24yk0YZLsIeoco2F+YLe5Xrs0or07uNMBmzXMD/OvSj5FPz1T5
U+dmzdCa9PwAE7thvhhBdIflhU9vJIhWpg==
-----END EC PRIVATE KEY-----
`

test('an authority brought along is used as it is', (t) => {
  const path = directory(t)
  writeFileSync(join(path, 'ca.crt'), foreignCertificate)
  writeFileSync(join(path, 'ca.key'), foreignKey)
  const atMs = start + 365 * day
  const { ca, serving } = ensurePki(path, options(atMs))
  assert.equal(ca.certificate.subject.commonName, 'foreign')
  assert.equal(serving.certificate.authorityKeyId, ca.certificate.subjectKeyId)
  verifyCertificate(serving.certificate, {
    roots: [ca.certificate],
    atMs,
    usage: 'server auth',
  })
  assert.equal(readFileSync(join(path, 'ca.crt'), 'utf8'), foreignCertificate)
})
