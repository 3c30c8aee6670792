import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatTime, seededRandom } from '#base'
import type { CertificateSigningRequest } from '#api'
import { createSigningRequest, generateKeyPair, parseSigningRequest } from '#pki'
import { uselessAtMs } from './cleaner.ts'
import { kubeletClientProblem, kubeletServingProblem } from './kubelet.ts'
import { signers } from './signers.ts'
import { durationMs } from './signing.ts'

const key = generateKeyPair('ecdsa-p256', seededRandom(1))
const request = (
  commonName: string,
  organizations: readonly string[],
  names: Parameters<typeof createSigningRequest>[2] = {},
) => parseSigningRequest(createSigningRequest(key, { commonName, organizations }, names))

const nodes = ['system:nodes']
const client = ['digital signature', 'client auth']
const server = ['digital signature', 'server auth']
const dns = { dnsNames: ['a'] }

describe('client certificates of kubelets', () => {
  const cases = [
    ['right', request('system:node:a', nodes), client, undefined],
    ['right, of RSA', request('system:node:a', nodes), [...client, 'key encipherment'], undefined],
    ['of no group', request('system:node:a', []), client, /organization is not/],
    ['of more groups', request('system:node:a', [...nodes, 'b']), client, /organization is not/],
    ['of no node', request('a', nodes), client, /common name does not begin/],
    ['with a name', request('system:node:a', nodes, dns), client, /^DNS .* not allowed/],
    [
      'with an address',
      request('system:node:a', nodes, { ipAddresses: ['10.0.0.1'] }),
      client,
      /^IP .* not allowed/,
    ],
    ['to serve', request('system:node:a', nodes), server, /^usages did not match \[client auth/],
    ['for more', request('system:node:a', nodes), [...client, 'server auth'], /^usages/],
  ] as const
  for (const [what, csr, usages, problem] of cases) {
    it(what, () => {
      const found = kubeletClientProblem(csr, usages)
      if (problem === undefined) assert.equal(found, undefined)
      else assert.match(found ?? '', problem)
    })
  }
})

describe('serving certificates of kubelets', () => {
  it('name what they serve, and nothing else', () => {
    assert.equal(kubeletServingProblem(request('system:node:a', nodes, dns), server), undefined)
    assert.match(
      kubeletServingProblem(request('system:node:a', nodes), server) ?? '',
      /^DNS or IP subjectAltName is required/,
    )
    assert.match(
      kubeletServingProblem(request('system:node:a', nodes, { ...dns, uris: ['a:b'] }), server) ??
        '',
      /^URI .* not allowed/,
    )
    assert.match(
      kubeletServingProblem(request('system:node:a', nodes, dns), client) ?? '',
      /^usages did not match \[digital/,
    )
  })
})

describe('client certificates of others', () => {
  const rule = signers.get('kubernetes.io/kube-apiserver-client')
  it('are for clients alone', () => {
    const ann = request('ann', ['dev'])
    assert.equal(rule?.(ann, ['client auth']), undefined)
    assert.equal(rule?.(ann, server), 'invalid usage for client certificate: server auth')
    assert.equal(
      rule?.(ann, ['digital signature']),
      'missing required usage for client certificate: client auth',
    )
  })
})

describe('durationMs', () => {
  it('is what was asked for, from ten minutes to the most there is', () => {
    const year = 365 * 86_400_000
    assert.equal(durationMs(undefined, year), year)
    assert.equal(durationMs(86_400, year), 86_400_000)
    assert.equal(durationMs(1, year), 600_000)
    assert.equal(durationMs(2 ** 31 - 1, year), year)
  })
})

describe('uselessAtMs', () => {
  const hourMs = 3_600_000
  const madeMs = 1_767_225_600_000
  const decided = (type: string) => ({
    type,
    status: 'True',
    lastUpdateTime: formatTime(madeMs + hourMs),
    lastTransitionTime: null,
  })
  const cases: readonly [string, CertificateSigningRequest['status'], number | undefined][] = [
    ['pending', {}, 24],
    ['denied', { conditions: [decided('Denied')] }, 2],
    ['failed', { conditions: [decided('Approved'), decided('Failed')] }, 2],
    ['approved and not issued', { conditions: [decided('Approved')] }, undefined],
    ['issued', { conditions: [decided('Approved')], certificate: 'bm9uZQ==' }, 2],
  ]
  for (const [what, status, hours] of cases) {
    it(what, () => {
      const csr = {
        apiVersion: 'certificates.k8s.io/v1',
        kind: 'CertificateSigningRequest',
        metadata: { name: 'a', creationTimestamp: formatTime(madeMs) },
        spec: { request: null, signerName: 'example.com/a' },
        status,
      }
      const expected = hours === undefined ? undefined : madeMs + hours * hourMs
      assert.equal(uselessAtMs(csr), expected)
    })
  }
})
