import assert from 'node:assert/strict'
import { test } from 'node:test'
import { desiredOf } from '../desired.ts'
import { testService, testSlice, type TestEndpoint } from '../testing/objects.ts'

const node = {
  family: 'IPv4',
  nodeIps: ['192.0.2.1'],
  knowsPods: true,
  nodeName: 'here',
  zone: '',
} as const
const near = { ip: '10.42.0.1', node: 'here' } as const
const far = { ip: '10.42.1.2', node: 'there' } as const
const outside = {
  type: 'LoadBalancer',
  externalIPs: ['203.0.113.1'],
  ports: [{ name: 'web', port: 80, nodePort: 30_001 }],
}
const balanced = { loadBalancer: { ingress: [{ ip: '203.0.113.2' }] } }

/** All that a Service wants, a line each; without the hashes, which say nothing to a reader. */
function rulesOf(
  fields: Parameters<typeof testService>[1],
  endpoints: readonly TestEndpoint[],
  facts: Partial<Parameters<typeof desiredOf>[2]> = {},
): string[] {
  const type = facts.family ?? 'IPv4'
  const slice = testSlice('web', endpoints, { addressType: type })
  const desired = desiredOf(testService('web', fields), [slice], { ...node, ...facts })
  assert.ok(desired)
  const { chains, sets, elements } = desired.rules
  const lines = [
    ...elements.map(({ collection, key, verdict }) =>
      verdict === undefined ? `${collection}: ${key}` : `${collection}: ${key} → ${verdict}`,
    ),
    ...[...sets].map((set) => `set ${set}`),
    ...[...chains].flatMap(([chain, rules]) => rules.map((rule) => `${chain}: ${rule}`)),
  ]
  return lines.map((line) => line.replaceAll(/-[A-Z2-7]{8}-default\/web\/tcp\/web/g, ''))
}

test('a ClusterIP: one of the endpoints, masqueraded for who is no pod and for the endpoint itself', () => {
  assert.deepEqual(rulesOf({}, [near, far]), [
    'cluster-ips: 10.43.0.1',
    'service-ips: 10.43.0.1 . tcp . 80 → goto service',
    'service: ip daddr 10.43.0.1 tcp dport 80 ip saddr != @cluster-cidrs jump mark-for-masquerade',
    'service: numgen random mod 2 0 goto endpoint__10.42.0.1/8080',
    'service: goto endpoint__10.42.1.2/8080',
    'endpoint__10.42.0.1/8080: ip saddr 10.42.0.1 jump mark-for-masquerade',
    'endpoint__10.42.0.1/8080: meta l4proto tcp dnat to 10.42.0.1:8080',
    'endpoint__10.42.1.2/8080: ip saddr 10.42.1.2 jump mark-for-masquerade',
    'endpoint__10.42.1.2/8080: meta l4proto tcp dnat to 10.42.1.2:8080',
  ])
})

test('IPv6 has brackets, and no colons in names; without pod ranges nobody is outside', () => {
  const spec = { clusterIP: 'fd00:43::1', clusterIPs: ['fd00:43::1'], ipFamilies: ['IPv6'] }
  const facts = { family: 'IPv6', knowsPods: false } as const
  assert.deepEqual(rulesOf({ spec }, [{ ip: 'fd00:42::1' }], facts), [
    'cluster-ips: fd00:43::1',
    'service-ips: fd00:43::1 . tcp . 80 → goto service',
    'service: goto endpoint__fd00.42..1/8080',
    'endpoint__fd00.42..1/8080: ip6 saddr fd00:42::1 jump mark-for-masquerade',
    'endpoint__fd00.42..1/8080: meta l4proto tcp dnat to [fd00:42::1]:8080',
  ])
})

test('without endpoints everything is refused', () => {
  assert.deepEqual(rulesOf({ spec: outside, status: balanced }, []), [
    'cluster-ips: 10.43.0.1',
    'no-endpoint-services: 10.43.0.1 . tcp . 80 → goto reject-chain',
    'no-endpoint-services: 203.0.113.1 . tcp . 80 → goto reject-chain',
    'no-endpoint-services: 203.0.113.2 . tcp . 80 → goto reject-chain',
    'no-endpoint-nodeports: tcp . 30001 → goto reject-chain',
  ])
})

test('external policy Cluster masquerades whoever comes from outside', () => {
  const rules = rulesOf({ spec: outside, status: balanced }, [near])
  assert.deepEqual(
    rules.filter((rule) => rule.includes('external')),
    [
      'service-ips: 203.0.113.1 . tcp . 80 → goto external',
      'service-ips: 203.0.113.2 . tcp . 80 → goto external',
      'service-nodeports: tcp . 30001 → goto external',
      'external: jump mark-for-masquerade',
      'external: goto service',
    ],
  )
})

test('external policy Local: endpoints here keep the address; pods and the node get all', () => {
  const spec = { ...outside, externalTrafficPolicy: 'Local' }
  assert.deepEqual(
    rulesOf({ spec }, [near, far]).filter((rule) => /^(external|local|service|no)[^-]/.test(rule)),
    [
      'external: ip saddr @cluster-cidrs goto service',
      'external: fib saddr type local jump mark-for-masquerade',
      'external: fib saddr type local goto service',
      'external: goto local',
      'service: ip daddr 10.43.0.1 tcp dport 80 ip saddr != @cluster-cidrs jump mark-for-masquerade',
      'service: numgen random mod 2 0 goto endpoint__10.42.0.1/8080',
      'service: goto endpoint__10.42.1.2/8080',
      'local: goto endpoint__10.42.0.1/8080',
    ],
  )
})

test('external policy Local without an endpoint here drops, and leads pods to those elsewhere', () => {
  const spec = { ...outside, externalIPs: [], externalTrafficPolicy: 'Local' }
  assert.deepEqual(
    rulesOf({ spec }, [far]).filter((rule) => !rule.startsWith('endpoint')),
    [
      'cluster-ips: 10.43.0.1',
      'service-ips: 10.43.0.1 . tcp . 80 → goto service',
      'service-nodeports: tcp . 30001 → goto external',
      'no-endpoint-nodeports: tcp . 30001 → drop',
      'external: ip saddr @cluster-cidrs goto service',
      'external: fib saddr type local jump mark-for-masquerade',
      'external: fib saddr type local goto service',
      'service: ip daddr 10.43.0.1 tcp dport 80 ip saddr != @cluster-cidrs jump mark-for-masquerade',
      'service: goto endpoint__10.42.1.2/8080',
    ],
  )
})

test('internal policy Local has its own chain, and drops where all are elsewhere', () => {
  const spec = { internalTrafficPolicy: 'Local' }
  assert.deepEqual(
    rulesOf({ spec }, [near, far]).filter((rule) => !rule.startsWith('endpoint')),
    [
      'cluster-ips: 10.43.0.1',
      'service-ips: 10.43.0.1 . tcp . 80 → goto local',
      'local: ip daddr 10.43.0.1 tcp dport 80 ip saddr != @cluster-cidrs jump mark-for-masquerade',
      'local: goto endpoint__10.42.0.1/8080',
    ],
  )
  assert.deepEqual(rulesOf({ spec }, [far]), [
    'cluster-ips: 10.43.0.1',
    'no-endpoint-services: 10.43.0.1 . tcp . 80 → drop',
  ])
})

test('affinity: a set of clients for each endpoint, asked before chance', () => {
  const spec = {
    sessionAffinity: 'ClientIP',
    sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } },
  }
  assert.deepEqual(rulesOf({ spec }, [near]), [
    'cluster-ips: 10.43.0.1',
    'service-ips: 10.43.0.1 . tcp . 80 → goto service',
    'set affinity__10.42.0.1/8080',
    'service: ip daddr 10.43.0.1 tcp dport 80 ip saddr != @cluster-cidrs jump mark-for-masquerade',
    'service: ip saddr @affinity__10.42.0.1/8080 goto endpoint__10.42.0.1/8080',
    'service: goto endpoint__10.42.0.1/8080',
    'endpoint__10.42.0.1/8080: ip saddr 10.42.0.1 jump mark-for-masquerade',
    'endpoint__10.42.0.1/8080: update @affinity__10.42.0.1/8080 { ip saddr timeout 60s }',
    'endpoint__10.42.0.1/8080: meta l4proto tcp dnat to 10.42.0.1:8080',
  ])
})

test('source ranges are about the load balancer; a node among them may come with its address', () => {
  const firewall = (loadBalancerSourceRanges: readonly string[]) =>
    rulesOf({ spec: { ...outside, loadBalancerSourceRanges }, status: balanced }, [near]).filter(
      (rule) => rule.startsWith('firewall'),
    )
  assert.deepEqual(firewall(['198.51.100.0/24', '10.0.0.0/8']), [
    'firewall-ips: 203.0.113.2 . tcp . 80 → goto firewall',
    'firewall: ip saddr 10.0.0.0/8 return',
    'firewall: ip saddr 198.51.100.0/24 return',
    'firewall: drop',
  ])
  assert.deepEqual(firewall(['192.0.2.0/24']).slice(1), [
    'firewall: ip saddr 192.0.2.0/24 return',
    'firewall: ip saddr 203.0.113.2 return',
    'firewall: drop',
  ])
  assert.deepEqual(firewall([]), [])
})

test('many endpoints are chosen from a map', () => {
  const many = Array.from({ length: 17 }, (_, at) => ({ ip: `10.42.0.${at + 1}` }))
  const rules = rulesOf({}, many).filter((rule) => rule.startsWith('service: numgen'))
  assert.equal(rules.length, 1)
  assert.match(
    rules[0] ?? '',
    /numgen random mod 17 vmap \{ 0 : goto endpoint__10\.42\.0\.1\/8080, /,
  )
})

test('several ports have their own ways and one address', () => {
  const ports = [
    { name: 'web', port: 80 },
    { name: 'dns', port: 53, protocol: 'UDP' },
  ]
  const slice = testSlice('web', [near], { ports: [{ name: 'dns', port: 5_353, protocol: 'UDP' }] })
  const desired = desiredOf(testService('web', { spec: { ports } }), [slice], node)
  const elements = desired?.rules.elements.map(({ collection, key }) => `${collection} ${key}`)
  assert.deepEqual(elements, [
    'cluster-ips 10.43.0.1',
    'no-endpoint-services 10.43.0.1 . tcp . 80',
    'service-ips 10.43.0.1 . udp . 53',
  ])
})
