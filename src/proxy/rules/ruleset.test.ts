import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { FakeNft } from '#linux'
import { desiredOf } from '../desired.ts'
import { familyNames } from '../family.ts'
import { testService, testSlice, type TestEndpoint } from '../testing/objects.ts'
import { baseRules } from './base-rules.ts'
import { Ruleset, type Change } from './ruleset.ts'

const names = familyNames.IPv4
const facts = { nodeIps: ['192.0.2.1'], clusterCidrs: ['10.42.0.0/16'] }
const base = baseRules(names, facts)
const node = { family: 'IPv4', ...facts, knowsPods: true, nodeName: 'here', zone: '' } as const
const noBreath = async () => {}

interface Variant {
  readonly ip: number
  readonly external: boolean
  readonly local: boolean
  readonly sticky: boolean
  readonly since: number
  readonly endpoints: readonly TestEndpoint[]
}

function changeOf(name: string, variant: Variant | undefined): Change {
  const owner = `default/${name}`
  if (variant === undefined) return { owner, since: '', rules: undefined }
  const { ip, external, local, sticky, since, endpoints } = variant
  const clusterIP = `10.43.0.${ip}`
  const spec = {
    clusterIP,
    clusterIPs: [clusterIP],
    // All want the same external address, and one that is a ClusterIP to another.
    externalIPs: external ? ['203.0.113.1', '10.43.0.1'] : [],
    externalTrafficPolicy: local ? 'Local' : 'Cluster',
    sessionAffinity: sticky ? 'ClientIP' : 'None',
  }
  const metadata = { creationTimestamp: `2026-01-01T00:00:0${since}Z` }
  const desired = desiredOf(
    testService(name, { spec, metadata }),
    [testSlice(name, endpoints)],
    node,
  )
  return { owner, since: desired?.since ?? '', rules: desired?.rules }
}

const endpoint = fc.record({
  ip: fc.integer({ min: 1, max: 20 }).map((last) => `10.42.0.${last}`),
  node: fc.constantFrom('here', 'there'),
  is: fc.constantFrom('ready', 'unready', 'serving'),
})
const variant: fc.Arbitrary<Variant> = fc.record({
  ip: fc.integer({ min: 1, max: 4 }),
  external: fc.boolean(),
  local: fc.boolean(),
  sticky: fc.boolean(),
  since: fc.integer({ min: 0, max: 2 }),
  endpoints: fc.array(endpoint, { maxLength: 20 }),
})
const batch = fc.array(
  fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.option(variant, { nil: undefined })),
  {
    minLength: 1,
    maxLength: 4,
  },
)

async function builtAnew(wanted: ReadonlyMap<string, Variant | undefined>): Promise<string> {
  const nft = new FakeNft()
  const ruleset = new Ruleset(names)
  // In another order than they came about.
  for (const [name, each] of [...wanted].toReversed()) {
    await ruleset.apply([changeOf(name, each)], noBreath)
  }
  await nft.apply([...base, ...(await ruleset.full(new Map(), noBreath))].join('\n'))
  return nft.dump()
}

test('any changes, one transaction each, lead to the table that a rewrite makes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(batch, { maxLength: 8 }), async (batches) => {
      const nft = new FakeNft()
      await nft.apply(base.join('\n'))
      const ruleset = new Ruleset(names)
      const wanted = new Map<string, Variant | undefined>()
      for (const changes of batches) {
        for (const [name, each] of changes) wanted.set(name, each)
        // Throws where something leads to what is not there, at any moment.
        const next = changes.map(([name, each]) => changeOf(name, each))
        await nft.apply((await ruleset.apply(next, noBreath)).join('\n'))
        assert.equal(nft.dump(), await builtAnew(wanted))
      }
    }),
    { numRuns: 150 },
  )
})

const plain: Variant = {
  ip: 2,
  external: false,
  local: false,
  sticky: false,
  since: 0,
  endpoints: [],
}
const withEndpoints = (...ips: readonly number[]) => ({
  ...plain,
  endpoints: ips.map((last) => ({ ip: `10.42.0.${last}`, node: 'here' })),
})
/** Without the hashes. */
const readable = (lines: readonly string[]) =>
  lines.map((line) => line.replaceAll(/-[A-Z2-7]{8}-default\/a\/tcp\/web/g, ''))

test('a change of endpoints touches what is theirs', async () => {
  const ruleset = new Ruleset(names)
  await ruleset.apply(
    [changeOf('a', withEndpoints(1, 2)), changeOf('b', withEndpoints(3))],
    noBreath,
  )
  assert.deepEqual(readable(await ruleset.apply([changeOf('a', withEndpoints(1, 3))], noBreath)), [
    'add chain ip kube-proxy endpoint__10.42.0.3/8080',
    'flush chain ip kube-proxy service',
    'add rule ip kube-proxy service ip daddr 10.43.0.2 tcp dport 80 ip saddr != @cluster-cidrs jump mark-for-masquerade',
    'add rule ip kube-proxy service numgen random mod 2 0 goto endpoint__10.42.0.1/8080',
    'add rule ip kube-proxy service goto endpoint__10.42.0.3/8080',
    'add rule ip kube-proxy endpoint__10.42.0.3/8080 ip saddr 10.42.0.3 jump mark-for-masquerade',
    'add rule ip kube-proxy endpoint__10.42.0.3/8080 meta l4proto tcp dnat to 10.42.0.3:8080',
    'flush chain ip kube-proxy endpoint__10.42.0.2/8080',
    'delete chain ip kube-proxy endpoint__10.42.0.2/8080',
  ])
})

test('the last endpoint goes, and the Service refuses in the same transaction', async () => {
  const ruleset = new Ruleset(names)
  await ruleset.apply([changeOf('a', withEndpoints(1))], noBreath)
  assert.deepEqual(readable(await ruleset.apply([changeOf('a', plain)], noBreath)), [
    'delete element ip kube-proxy service-ips { 10.43.0.2 . tcp . 80 }',
    'add element ip kube-proxy no-endpoint-services { 10.43.0.2 . tcp . 80 : goto reject-chain }',
    'flush chain ip kube-proxy service',
    'flush chain ip kube-proxy endpoint__10.42.0.1/8080',
    'delete chain ip kube-proxy service',
    'delete chain ip kube-proxy endpoint__10.42.0.1/8080',
  ])
})

test('what changes nothing is no transaction', async () => {
  const ruleset = new Ruleset(names)
  await ruleset.apply([changeOf('a', withEndpoints(1))], noBreath)
  assert.deepEqual(await ruleset.apply([changeOf('a', withEndpoints(1))], noBreath), [])
  assert.deepEqual(await ruleset.apply([changeOf('b', undefined)], noBreath), [])
})

test('of two that want an address the older has it, but nobody takes a ClusterIP', async () => {
  const nft = new FakeNft()
  await nft.apply(base.join('\n'))
  const ruleset = new Ruleset(names)
  const greedy = { ...withEndpoints(1), external: true }
  const changes = [
    changeOf('young', { ...greedy, ip: 3, since: 2 }),
    changeOf('old', { ...greedy, ip: 2, since: 1 }),
    changeOf('owner', { ...withEndpoints(1), ip: 1, since: 2 }),
  ]
  for (const change of changes)
    await nft.apply((await ruleset.apply([change], noBreath)).join('\n'))
  const leads = (key: string) =>
    new RegExp(`service-ips ${key} \\. tcp \\. 80 : goto (\\w+)-\\w+-default/(\\w+)`)
      .exec(nft.dump())
      ?.slice(1)
  assert.deepEqual(leads('203.0.113.1'), ['external', 'old'])
  assert.deepEqual(leads('10.43.0.1'), ['service', 'owner'])
  await nft.apply((await ruleset.apply([changeOf('old', undefined)], noBreath)).join('\n'))
  assert.deepEqual(leads('203.0.113.1'), ['external', 'young'])
})

test('a rewrite keeps the clients of those endpoints that are still there', async () => {
  const ruleset = new Ruleset(names)
  await ruleset.apply([changeOf('a', { ...withEndpoints(1), sticky: true })], noBreath)
  const [set = ''] = (await ruleset.full(new Map(), noBreath))
    .map((line) => /^add set ip kube-proxy (\S+)/.exec(line)?.[1])
    .filter((name) => name !== undefined)
  const member = '10.42.0.9 timeout 60s expires 30s'
  const members = new Map([
    [set, [member]],
    ['affinity-gone', ['10.42.0.8 timeout 60s expires 30s']],
  ])
  const lines = await ruleset.full(members, noBreath)
  assert.deepEqual(
    lines.filter((line) => line.includes('expires')),
    [`add element ip kube-proxy ${set} { ${member} }`],
  )
})
