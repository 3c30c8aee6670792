import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { realClock, realRandom, seededRandom } from '#base'
import { generateKeyPair, memoryPki } from '#pki'
import { requestName } from './certificate-request.ts'
import { renewalTimeMs } from './renewal-time.ts'
import { caPin, formatJoinToken, parseCaCertHash, parseJoinToken } from './token.ts'

const pin = '0123456789abcdef'.repeat(4)

describe('a join token', () => {
  it('is one word, with the pin of the CA or without', () => {
    for (const text of [`k8ts1.${pin}.abc123.0123456789abcdef`, 'abc123.0123456789abcdef']) {
      const token = parseJoinToken(`${text}\n`)
      assert.deepEqual([token.id, token.secret], ['abc123', '0123456789abcdef'])
      assert.equal(formatJoinToken(token), text)
    }
  })

  for (const text of [
    '',
    'abc123',
    'abc123.',
    'abc123.0123456789abcde',
    'abc123.0123456789abcdef0',
    'ABC123.0123456789abcdef',
    'abc12.0123456789abcdef',
    'abc123.0123456789abcdef.x',
    `${pin}.abc123.0123456789abcdef`,
    `k8ts1.${pin.slice(1)}.abc123.0123456789abcdef`,
    `k8ts1.${pin.toUpperCase()}.abc123.0123456789abcdef`,
    `k8ts2.${pin}.abc123.0123456789abcdef`,
    'k8ts1..abc123.0123456789abcdef',
    'abc123.0123456789abcdef\nabc123.0123456789abcdef',
  ]) {
    it(`is not ${JSON.stringify(text)}, and is not repeated`, () => {
      assert.throws(() => parseJoinToken(text), {
        name: 'ClusterError',
        message:
          'the token is neither k8ts1.<pin>.<id>.<secret>, as k8ts token create shows it, nor <id>.<secret>',
      })
    })
  }
})

describe('the pin of a CA', () => {
  const { ca } = memoryPki({
    clock: realClock,
    random: realRandom,
    hostName: 'x',
    serviceIps: [],
  })

  it('is what kubeadm takes, by the recipe in its documentation', () => {
    const input = ca.certificate.pem
    const key = execFileSync('openssl', ['x509', '-pubkey', '-noout'], { input })
    const der = execFileSync('openssl', ['pkey', '-pubin', '-outform', 'der'], { input: key })
    const digest = execFileSync('openssl', ['dgst', '-sha256', '-hex'], {
      input: der,
      encoding: 'utf8',
    })
    assert.equal(caPin(ca.certificate.pem), digest.trim().replace(/^.*= /, ''))
  })

  it('is written with the name of its hash', () => {
    assert.equal(parseCaCertHash(`sha256:${pin.toUpperCase()}`), pin)
    for (const text of [pin, `sha512:${pin}`, `sha256:${pin}0`, 'sha256:']) {
      assert.throws(() => parseCaCertHash(text), /^ClusterError: a hash of a CA is sha256: and 64/)
    }
    assert.throws(() => caPin('none'), /^ClusterError: the CA has no certificate/)
  })
})

describe('the name of a request', () => {
  const [a, b] = [1, 2].map((seed) => generateKeyPair('ed25519', seededRandom(seed)).publicKey)

  it('is the same for the same, and another for anything else', () => {
    assert.ok(a !== undefined && b !== undefined)
    const name = requestName('node-csr-', a, ['x', 'y'])
    assert.match(name, /^node-csr-[A-Za-z0-9_-]{43}$/)
    assert.equal(requestName('node-csr-', a, ['x', 'y']), name)
    for (const other of [
      requestName('node-csr-', b, ['x', 'y']),
      requestName('node-csr-', a, ['xy']),
      requestName('node-csr-', a, ['x', 'y', '']),
      requestName('node-csr-', a, ['y', 'x']),
    ]) {
      assert.notEqual(other, name)
    }
  })
})

describe('the time of a renewal', () => {
  it('is after 70 to 90 % of the life', () => {
    const random = seededRandom(7)
    const life = { notBeforeMs: 1_000, notAfterMs: 2_000 }
    const times = Array.from({ length: 1_000 }, () => renewalTimeMs(life, random))
    assert.ok(Math.min(...times) >= 1_700 && Math.max(...times) <= 1_900)
    assert.ok(Math.max(...times) - Math.min(...times) > 180)
  })
})
