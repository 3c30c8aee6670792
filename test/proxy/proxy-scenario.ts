import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { silenceMs, type How, type Machine } from './machine.ts'
import { bridgedPodIp, podIp, podIp6, startNetwork, type Network } from './network.ts'
import { EndpointSlice } from '#api'
import { removeProxyRules } from '#proxy'
import { startProxyUnderTest, until } from './proxy-under-test.ts'

let network: Network
let node: Awaited<ReturnType<typeof startProxyUnderTest>>
const pods: Machine[] = []

before(async () => {
  network = await startNetwork()
  for (const number of [11, 12, 13]) pods.push(await network.pod(number))
  node = await startProxyUnderTest()
})

after(async () => {
  await node?.stop()
  await network?.[Symbol.asyncDispose]()
})

/** A pod by its number, which is the last one of its addresses. */
function pod(number: number): Machine {
  const found = pods[number - 11]
  assert.ok(found)
  return found
}

const refused = 'error ECONNREFUSED'
const silent = 'error TIMEOUT'
const brief = { timeoutMs: silenceMs }
/** How often each answer came. */
async function answersOf(times: number, ask: () => Promise<string>): Promise<Map<string, number>> {
  const answers = new Map<string, number>()
  for (let i = 0; i < times; i++) {
    const answer = await ask()
    answers.set(answer, (answers.get(answer) ?? 0) + 1)
  }
  return answers
}

test('a ClusterIP leads to all endpoints, from pods with their own address', async () => {
  await node.create('spread', { clusterIP: '10.43.1.1' })
  await node.endpoints('spread', [{ ip: podIp(12) }, { ip: podIp(13) }])
  const ask = (how?: How) => pod(11).ask('tcp', '10.43.1.1', 80, how)
  await until(ask, /^pod-1[23] 10\.42\.0\.11$/)
  const answers = await answersOf(60, ask)
  assert.deepEqual([...answers.keys()].sort(), ['pod-12 10.42.0.11', 'pod-13 10.42.0.11'])
  // Fewer than 10 of 60 for one of two: a chance of one in 30 million.
  for (const count of answers.values()) assert.ok(count >= 10, `${count} of 60`)
})

test('it serves UDP beside TCP, and every port that is not its own is refused', async () => {
  assert.match(await pod(11).ask('udp', '10.43.1.1', 53), /^pod-1[23] 10\.42\.0\.11$/)
  assert.equal(await pod(11).ask('tcp', '10.43.1.1', 81), refused)
  assert.equal(await network.node.ask('tcp', '10.43.1.1', 81), refused)
})

test('the node and outsiders come with an address of the node', async () => {
  assert.match(await network.node.ask('tcp', '10.43.1.1', 80), /^pod-1[23] 10\.42\.0\.1$/)
  assert.match(await network.client.ask('tcp', '10.43.1.1', 80), /^pod-1[23] 10\.42\.0\.1$/)
})

test('a pod reaches itself through its Service', async () => {
  await node.create('self', { clusterIP: '10.43.1.2' })
  await node.endpoints('self', [{ ip: podIp(11) }])
  await until((how) => pod(11).ask('tcp', '10.43.1.2', 80, how), 'pod-11 10.42.0.1')
  assert.equal(await pod(12).ask('tcp', '10.43.1.2', 80), 'pod-11 10.42.0.12')
})

test('pods of one bridge reach each other and themselves', async () => {
  const [asking] = [await network.bridgedPod(21), await network.bridgedPod(22)]
  await node.create('bridged', { clusterIP: '10.43.1.11' })
  await node.endpoints('bridged', [{ ip: bridgedPodIp(22) }])
  await until((how) => asking.ask('tcp', '10.43.1.11', 80, how), 'pod-22 10.42.1.21')
  assert.equal(await asking.ask('udp', '10.43.1.11', 53), 'pod-22 10.42.1.21')
  await node.endpoints('bridged', [{ ip: bridgedPodIp(21) }])
  await until((how) => asking.ask('tcp', '10.43.1.11', 80, how), 'pod-21 10.42.1.1')
  assert.equal(await asking.ask('udp', '10.43.1.11', 53), 'pod-21 10.42.1.1')
})

test('a Service without endpoints refuses; an address of no Service is silent; nothing leaves', async () => {
  await node.create('empty', {
    type: 'NodePort',
    clusterIP: '10.43.1.3',
    ports: [{ name: 'web', port: 80, nodePort: 30_003 }],
  })
  await until((how) => pod(11).ask('tcp', '10.43.1.3', 80, how), refused)
  assert.equal(await network.node.ask('tcp', '10.43.1.3', 80), refused)
  assert.equal(await network.client.ask('tcp', '192.0.2.1', 30_003), refused)
  assert.equal(await pod(11).ask('tcp', '10.43.9.9', 80, brief), silent)
  assert.equal(await pod(11).ask('udp', '10.43.9.9', 53, brief), silent)
  assert.equal(await network.node.ask('udp', '10.43.9.9', 53, brief), silent)
  assert.equal(await network.leaked(), 0)
})

test('a ClusterIP that the node has itself is served by the node', async () => {
  await node.create('own', { clusterIP: '10.43.0.10' })
  await until((how) => pod(11).ask('tcp', '10.43.0.10', 80, how), refused)
  await network.own('10.43.0.10/32')
  await network.node.listen('tcp', '10.43.0.10', 80)
  await network.node.listen('udp', '10.43.0.10', 53)
  assert.equal(await pod(11).ask('tcp', '10.43.0.10', 80), 'node 10.42.0.11')
  assert.equal(await pod(11).ask('udp', '10.43.0.10', 53), 'node 10.42.0.11')
  assert.equal(await network.node.ask('udp', '10.43.0.10', 53), 'node 10.43.0.10')
})

test('a node port is served at the node addresses, and to whoever comes', async () => {
  const ports = [{ name: 'web', port: 80, nodePort: 30_001 }]
  await node.create('outside', { type: 'NodePort', clusterIP: '10.43.1.4', ports })
  await node.endpoints('outside', [{ ip: podIp(12) }, { ip: podIp(13), node: 'node-2' }])
  const ask = (how?: How) => network.client.ask('tcp', '192.0.2.1', 30_001, how)
  await until(ask, /^pod-1[23] 10\.42\.0\.1$/)
  assert.equal((await answersOf(30, ask)).size, 2)
  assert.match(await pod(11).ask('tcp', '192.0.2.1', 30_001), /^pod-1[23] 10\.42\.0\.1$/)
  assert.match(await network.node.ask('tcp', '192.0.2.1', 30_001), /^pod-1[23] 10\.42\.0\.1$/)
  // Another address of the node, and loopback.
  assert.equal(await pod(11).ask('tcp', '10.42.0.1', 30_001), refused)
  assert.equal(await network.node.ask('tcp', '127.0.0.1', 30_001), refused)
})

test('external policy Local keeps the client address and the endpoints of this node', async () => {
  const ports = [{ name: 'web', port: 80, nodePort: 30_002 }]
  const spec = { type: 'NodePort', externalTrafficPolicy: 'Local', ports } as const
  await node.create('near', { ...spec, clusterIP: '10.43.1.5' })
  await node.endpoints('near', [{ ip: podIp(12) }, { ip: podIp(13), node: 'node-2' }])
  const ask = (how?: How) => network.client.ask('tcp', '192.0.2.1', 30_002, how)
  await until(ask, 'pod-12 192.0.2.2')
  assert.deepEqual([...(await answersOf(20, ask)).keys()], ['pod-12 192.0.2.2'])
  // Pods are inside, and get all of them.
  const inside = await answersOf(30, () => pod(11).ask('tcp', '192.0.2.1', 30_002))
  assert.deepEqual([...inside.keys()].sort(), ['pod-12 10.42.0.11', 'pod-13 10.42.0.11'])
  await node.endpoints('near', [{ ip: podIp(13), node: 'node-2' }])
  await until(ask, silent)
  await until((how) => pod(11).ask('tcp', '192.0.2.1', 30_002, how), 'pod-13 10.42.0.11')
  await node.endpoints('near', [])
  await until(ask, refused)
})

test('internal policy Local stays on the node, and drops where there is none', async () => {
  await node.create('inner', { internalTrafficPolicy: 'Local', clusterIP: '10.43.1.6' })
  await node.endpoints('inner', [{ ip: podIp(12) }, { ip: podIp(13), node: 'node-2' }])
  const ask = (how?: How) => pod(11).ask('tcp', '10.43.1.6', 80, how)
  await until(ask, 'pod-12 10.42.0.11')
  assert.deepEqual([...(await answersOf(20, ask)).keys()], ['pod-12 10.42.0.11'])
  await node.endpoints('inner', [{ ip: podIp(13), node: 'node-2' }])
  await until(ask, silent)
  assert.equal(await network.node.ask('tcp', '10.43.1.6', 80, brief), silent)
})

test('a client stays with its endpoint, also when the proxy starts again', async () => {
  await node.create('sticky', {
    clusterIP: '10.43.1.7',
    sessionAffinity: 'ClientIP',
    sessionAffinityConfig: { clientIP: { timeoutSeconds: 600 } },
  })
  await node.endpoints('sticky', [{ ip: podIp(12) }, { ip: podIp(13) }])
  const ask = (how?: How) => pod(11).ask('tcp', '10.43.1.7', 80, how)
  const kept = await until(ask, /^pod-1[23] 10\.42\.0\.11$/)
  assert.deepEqual(await answersOf(20, ask), new Map([[kept, 20]]))
  await node.restart()
  assert.deepEqual(await answersOf(20, ask), new Map([[kept, 20]]))
  // Its endpoint goes: it stays with the other one, then.
  const gone = kept.startsWith('pod-12') ? 12 : 13
  const left = gone === 12 ? 13 : 12
  await node.endpoints('sticky', [{ ip: podIp(left) }])
  await until(ask, `pod-${left} 10.42.0.11`)
  await node.endpoints('sticky', [{ ip: podIp(12) }, { ip: podIp(13) }])
  assert.deepEqual(await answersOf(20, ask), new Map([[`pod-${left} 10.42.0.11`, 20]]))
})

test('a UDP client whose endpoint is gone gets another one, from the same port', async () => {
  await node.create('lookup', { clusterIP: '10.43.1.8' })
  await node.endpoints('lookup', [{ ip: podIp(12) }])
  const ask = (how?: How) => pod(11).ask('udp', '10.43.1.8', 53, { ...how, fromPort: 5_353 })
  await until(ask, 'pod-12 10.42.0.11')
  await node.endpoints('lookup', [{ ip: podIp(13) }])
  await until(ask, 'pod-13 10.42.0.11')
})

test('the kernel takes what is rare: SCTP, many endpoints, the longest names', async () => {
  const name = 'n'.repeat(63)
  const ports = [{ name: 'p'.repeat(15), port: 80, protocol: 'SCTP' as const }]
  await node.create(name, { clusterIP: '10.43.1.12', ports, sessionAffinity: 'ClientIP' })
  const many = Array.from({ length: 40 }, (_, at) => ({ ip: podIp(100 + at) }))
  const slice = {
    metadata: { name: 'many', labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: many.map(({ ip }) => ({ addresses: [ip], conditions: {} })),
    ports: [{ name: 'p'.repeat(15), port: 8_080, protocol: 'SCTP' }],
  }
  await node.client.resource(EndpointSlice).namespace('default').create(slice)
  const table = { family: 'ip', name: 'kube-proxy' } as const
  const sets = async () => (await node.nft.listSets(table)).map((set) => set.name).join(' ')
  await until(sets, new RegExp(`affinity-\\w+-default/${name}/sctp/p+__10\\.42\\.0\\.139/8080`))
  await node.services.delete(name)
  await until(sets, (names) => !names.includes(name))
})

test('external addresses and load balancers lead in, the latter only for whom they are', async () => {
  const ports = [{ name: 'web', port: 80 }]
  await node.create('world', {
    type: 'LoadBalancer',
    clusterIP: '10.43.1.9',
    externalIPs: ['203.0.113.1'],
    loadBalancerSourceRanges: ['192.0.2.0/24'],
    ports,
  })
  const status = { loadBalancer: { ingress: [{ ip: '203.0.113.2' }] } }
  await node.services.subresource('status').patch('world', { type: 'merge', patch: { status } })
  await node.endpoints('world', [{ ip: podIp(12) }])
  await until((how) => network.client.ask('tcp', '203.0.113.2', 80, how), 'pod-12 10.42.0.1')
  assert.equal(await network.client.ask('tcp', '203.0.113.1', 80), 'pod-12 10.42.0.1')
  // A pod's address is in no range of the load balancer.
  assert.equal(await pod(11).ask('tcp', '203.0.113.2', 80, brief), silent)
  assert.equal(await pod(11).ask('tcp', '203.0.113.1', 80), 'pod-12 10.42.0.1')
})

test('IPv6 is served beside IPv4', async () => {
  const ports = [
    { name: 'web', port: 80, nodePort: 30_010 },
    { name: 'dns', port: 53, protocol: 'UDP', nodePort: 30_010 },
  ] as const
  await node.create('both', {
    type: 'NodePort',
    ipFamilyPolicy: 'RequireDualStack',
    clusterIPs: ['10.43.1.10', 'fd00:43::10'],
    clusterIP: '10.43.1.10',
    ports: [...ports],
  })
  await node.endpoints('both', [{ ip: podIp(12) }])
  await until((how) => pod(11).ask('tcp', 'fd00:43::10', 80, how), refused)
  await node.endpoints('both', [{ ip: podIp6(12) }], 'IPv6')
  await until((how) => pod(11).ask('tcp', 'fd00:43::10', 80, how), 'pod-12 fd00:42::11')
  assert.equal(await pod(11).ask('udp', 'fd00:43::10', 53), 'pod-12 fd00:42::11')
  assert.equal(await pod(12).ask('tcp', 'fd00:43::10', 80), 'pod-12 fd00:42::1')
  assert.equal(await pod(11).ask('tcp', '10.43.1.10', 80), 'pod-12 10.42.0.11')
  assert.equal(await network.client.ask('tcp', '2001:db8::1', 30_010), 'pod-12 fd00:42::1')
  assert.equal(await pod(11).ask('tcp', 'fd00:43::99', 80, brief), silent)
  assert.equal(await network.leaked(), 0)
})

test('connections and rules outlive the proxy; requests never fail while it starts again', async () => {
  const over = new AbortController()
  const answers = new Set<string>()
  const asked = (async () => {
    while (!over.signal.aborted)
      answers.add((await pod(11).ask('tcp', '10.43.1.1', 80)).slice(0, 5))
  })()
  await node.restart()
  await node.restart()
  over.abort()
  await asked
  assert.deepEqual([...answers].sort(), ['pod-1'])
})

test('a load balancer asks the node for its endpoints', async () => {
  const ports = [{ name: 'web', port: 80 }]
  await node.create('balanced', {
    type: 'LoadBalancer',
    externalTrafficPolicy: 'Local',
    healthCheckNodePort: 30_020,
    ports,
  })
  const health = async () => {
    try {
      const response = await fetch('http://192.0.2.1:30020/')
      const said = /"localEndpoints": (\d+)/.exec(await response.text())
      return `${response.status} ${said?.[1]}`
    } catch {
      return 'error'
    }
  }
  await until(health, '503 0')
  await node.endpoints('balanced', [{ ip: podIp(12) }, { ip: podIp(13), node: 'node-2' }])
  await until(health, '200 1')
  await node.services.delete('balanced')
  await until(health, 'error')
})

test('it tells how it is', async () => {
  const at = `http://127.0.0.1:${node.proxy.healthzPort}`
  const healthz = await fetch(`${at}/healthz`)
  assert.equal(healthz.status, 200)
  assert.match(await healthz.text(), /"nodeEligible":true/)
  assert.equal((await fetch(`${at}/livez`)).status, 200)
  const metrics = await (await fetch(`${at}/metrics`)).text()
  assert.match(
    metrics,
    /kubeproxy_sync_proxy_rules_duration_seconds_count\{ip_family="IPv4"\} [1-9]/,
  )
  assert.match(metrics, /kubeproxy_proxy_healthz_total\{code="200"\} 1/)
})

test('rules that someone removed come back with the next change', async () => {
  await node.nft.apply('delete table ip kube-proxy\n')
  assert.equal(await pod(11).ask('tcp', '10.43.1.1', 80, brief), silent)
  await node.endpoints('spread', [{ ip: podIp(12) }])
  await until((how) => pod(11).ask('tcp', '10.43.1.1', 80, how), 'pod-12 10.42.0.11')
  assert.equal(await pod(12).ask('tcp', '10.43.1.2', 80), 'pod-11 10.42.0.12')
})

test('removal takes everything away', async () => {
  await node.stop()
  assert.match(await pod(11).ask('tcp', '10.43.1.1', 80), /^pod-12/)
  await removeProxyRules(node.nft)
  for (const family of ['ip', 'ip6'] as const) {
    const table = { family, name: 'kube-proxy' }
    assert.equal(await node.nft.listChain(table, 'services'), undefined)
  }
  await removeProxyRules(node.nft)
})
