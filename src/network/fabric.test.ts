import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeExec, FakeMounts, ipIn, nftIn } from '#linux'
import { checkFree, fabric, hostRules } from './fabric.ts'
import { nodeRules } from './node-network.ts'

const options = (more: { nodeCidr?: string; nodes?: number } = {}) => {
  const exec = new FakeExec()
  return {
    exec,
    ip: ipIn(exec),
    nft: nftIn(exec),
    mounts: new FakeMounts(),
    id: 'abc123',
    nodeCidr: more.nodeCidr ?? '100.64.10.0/24',
    clusterCidrs: ['10.42.0.0/16'],
    serviceCidrs: ['10.43.0.0/16'],
    nodes: Array.from({ length: more.nodes ?? 2 }, (_, i) => ({
      number: i + 1,
      namespace: `/d/nodes/node-${i + 1}.net`,
    })),
    outbound: false,
  }
}

test('this machine has the first address of the range, nodes those after the tenth', () => {
  const made = fabric(options())
  assert.equal(made.hostAddress, '100.64.10.1')
  assert.equal(made.addressOf({ number: 2, namespace: '' }), '100.64.10.12')
})

for (const [what, more, message] of [
  ['no prefix', { nodeCidr: '100.64.10.0' }, /is no IPv4 prefix such as 100\.64\.10\.0\/24/],
  ['IPv6', { nodeCidr: 'fd00::/64' }, /is no IPv4 prefix/],
  ['too few addresses', { nodeCidr: '100.64.10.0/28', nodes: 6 }, /is too small for the nodes/],
] as const) {
  test(`a node range of ${what} is refused`, () => {
    assert.throws(() => fabric(options(more)), { reason: 'Invalid', message })
  })
}

const ranges = ['100.64.10.0/24', '10.42.0.0/16', '10.43.0.0/16']

test('ranges that nothing uses are free, and so are those that its own bridge has', () => {
  checkFree(ranges, [], 'k8ts-a')
  checkFree(
    ranges,
    [
      { prefix: '192.0.2.0/24', link: 'eth0', via: undefined },
      { prefix: '100.64.10.0/24', link: 'k8ts-a', via: undefined },
      { prefix: '10.42.1.0/24', link: 'k8ts-a', via: undefined },
      // A route that rejects.
      { prefix: '10.42.0.0/16', link: '', via: undefined },
    ],
    'k8ts-a',
  )
})

test('ranges that something else uses, or that overlap, are refused with what is in the way', () => {
  const taken = (prefix: string) => () =>
    checkFree(ranges, [{ prefix, link: 'eth1', via: undefined }], 'k8ts-a')
  for (const prefix of ['10.42.7.0/24', '10.0.0.0/8', '100.64.10.9/32']) {
    assert.throws(taken(prefix), {
      reason: 'RangeTaken',
      message: new RegExp(`are in use on this machine: ${prefix} is on eth1`),
    })
  }
  assert.throws(() => checkFree([...ranges, '10.42.128.0/17'], [], 'k8ts-a'), {
    reason: 'Invalid',
    message: 'the ranges 10.42.0.0/16 and 10.42.128.0/17 overlap',
  })
})

test('an isolated cluster gets out nowhere, another one not to the ranges of clusters', () => {
  const rules = { ...options(), bridge: 'k8ts-a', hostAddress: '100.64.10.1' }
  assert.match(
    hostRules(rules),
    /iifname "k8ts-a" oifname != "k8ts-a" reject with icmpx type admin-prohibited\n/,
  )
  assert.match(
    hostRules({ ...rules, outbound: true }),
    /oifname != "k8ts-a" ip daddr \{ 100\.64\.10\.0\/24, 10\.42\.0\.0\/16, 10\.43\.0\.0\/16 \} reject/,
  )
})

test('what pods send out of the cluster is masqueraded, in each family by its ranges', () => {
  const rules = nodeRules(['10.42.0.0/16', 'fd42::/56'])
  assert.match(
    rules,
    /ip saddr \{ 10\.42\.0\.0\/16 \} ip daddr != \{ 10\.42\.0\.0\/16 \} .*masquerade/,
  )
  assert.match(rules, /ip6 saddr \{ fd42::\/56 \} ip6 daddr != \{ fd42::\/56 \} .*masquerade/)
  assert.doesNotMatch(nodeRules(['10.42.0.0/16']), /ip6 saddr/)
})
