import assert from 'node:assert/strict'
import { test } from 'node:test'
import { standInRules, standInsOf, type StandIn } from './dns-stand-ins.ts'

const node = (name: string, status: 'False' | 'True' | 'Unknown' = 'True'): StandIn => ({
  metadata: { name },
  spec: {},
  status: { conditions: [{ type: 'Ready', status }] },
})
const names = (nodes: readonly StandIn[]) => nodes.map(({ metadata }) => metadata.name)

test('the ready nodes that come next stand in, round the end', () => {
  const nodes = ['e', 'b', 'd', 'a', 'c'].map((name) => node(name))
  assert.deepEqual(names(standInsOf(nodes, 'd')), ['e', 'a', 'b'])
  assert.deepEqual(names(standInsOf(nodes, 'a')), ['b', 'c', 'd'])
  const half = [node('a'), node('b', 'Unknown'), node('c', 'False'), node('d')]
  assert.deepEqual(names(standInsOf(half, 'a')), ['d'])
  assert.deepEqual(standInsOf([node('a')], 'a'), [])
})

const cluster = { clusterDns: ['10.43.0.10'], clusterCidrs: ['10.42.0.0/16'] }

test('queries go elsewhere where nobody listens, and come in from there', () => {
  const rules = standInRules({
    ...cluster,
    own: ['10.42.0.0/24'],
    others: [['10.42.1.0/24'], ['10.42.2.0/24']],
  })
  const both = 'meta l4proto { tcp, udp } th'
  assert.deepEqual(
    rules.split('\n').filter((line) => line.includes('port 53')),
    [
      `    ip saddr 10.42.0.0/24 ip daddr 10.43.0.10 ${both} dport 53 socket wildcard 0 notrack`,
      `    ip saddr 10.43.0.10 ip daddr 10.42.0.0/24 ${both} sport 53 notrack`,
      `    ip saddr { 10.42.0.0/16 } ip daddr 10.42.0.0 ${both} dport 53 dnat ip to 10.43.0.10`,
      `    ip saddr 10.42.0.0/24 ip daddr 10.43.0.10 ${both} dport 53 dnat ip to numgen random mod 2 map { 0 : 10.42.1.0, 1 : 10.42.2.0 }`,
    ],
  )
})

test('a node alone asks nobody, and each family its own', () => {
  const alone = standInRules({ ...cluster, own: ['10.42.0.0/24'], others: [] })
  assert.doesNotMatch(alone, /port 53/)
  const dual = standInRules({
    clusterDns: ['10.43.0.10', 'fd43::a'],
    clusterCidrs: ['10.42.0.0/16', 'fd42::/56'],
    own: ['10.42.0.0/24', 'fd42::/64'],
    others: [['10.42.1.0/24', 'fd42:0:0:1::/64'], ['10.42.2.0/24']],
  })
  assert.match(
    dual,
    /ip saddr .* ip daddr 10\.43\.0\.10 .* map \{ 0 : 10\.42\.1\.0, 1 : 10\.42\.2\.0 \}/,
  )
  assert.match(dual, /ip6 saddr fd42::\/64 ip6 daddr fd43::a .* map \{ 0 : fd42:0:0:1:: \}/)
  assert.match(dual, /ip6 daddr fd42:: .* dnat ip6 to fd43::a/)
})
