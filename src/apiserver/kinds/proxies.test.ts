import assert from 'node:assert/strict'
import { it } from 'node:test'
import { testRegistry, type TestRegistry } from '../testing/registry.ts'
import { noNodeConnections, type ProxyTarget } from './node-connections.ts'

const core = '/api/v1/namespaces/default'
const slices = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices'

async function start(): Promise<{ server: TestRegistry; reached: string[] }> {
  const reached: string[] = []
  const nodes = {
    ...noNodeConnections,
    async proxy(target: ProxyTarget, { prefix, path }: { prefix: string; path: string }) {
      const where =
        target.type === 'kubelet'
          ? `kubelet ${target.node.metadata.name}`
          : `${target.scheme}://${target.host}:${target.port}`
      reached.push(`${where} ${prefix} ${path}`)
      return {
        type: 'document' as const,
        code: 200,
        contentType: 'text/plain',
        bytes: new Uint8Array(),
      }
    },
  }
  const server = await testRegistry({ serviceAccount: true, kinds: { nodes } })
  return { server, reached }
}

async function addPod(server: TestRegistry, name: string, podIP: string, ports: object[] = []) {
  const spec = { containers: [{ name: 'main', image: 'example', ports }] }
  await server.ask('POST', `${core}/pods`, { body: { metadata: { name }, spec } })
  const pod = await server.object<object>('GET', `${core}/pods/${name}`)
  const status = { phase: 'Running', podIP, podIPs: [{ ip: podIP }] }
  await server.ask('PUT', `${core}/pods/${name}/status`, { body: { ...pod, status } })
}

it('leads to a pod by its address, and the port that is named or the first', async () => {
  const { server, reached } = await start()
  await using _ = server
  await addPod(server, 'a', '10.42.0.7', [{ containerPort: 8080 }, { containerPort: 9090 }])
  await addPod(server, 'b', 'fd00::7')
  await addPod(server, 'c', '127.0.0.1')
  for (const id of ['a', 'a:9090', 'https:a:443', 'b']) {
    await server.ask('GET', `${core}/pods/${id}/proxy/x`)
  }
  assert.deepEqual(reached, [
    `http://10.42.0.7:8080 ${core}/pods/a/proxy /x`,
    `http://10.42.0.7:9090 ${core}/pods/a:9090/proxy /x`,
    `https://10.42.0.7:443 ${core}/pods/https:a:443/proxy /x`,
    `http://fd00::7:undefined ${core}/pods/b/proxy /x`,
  ])
  const refused = await server.refused('GET', `${core}/pods/c/proxy/`)
  assert.deepEqual([refused.code, refused.message], [400, 'address not allowed'])
})

it('leads to a Service by the pods that are ready behind it, and to nothing else', async () => {
  const { server, reached } = await start()
  await using _ = server
  await addPod(server, 'a', '10.42.0.7')
  const ports = [
    { name: 'http', port: 80 },
    { name: 'tls', port: 443 },
  ]
  await server.ask('POST', `${core}/services`, {
    body: { metadata: { name: 'web' }, spec: { ports } },
  })
  const ref = (name: string, namespace = 'default') => ({ kind: 'Pod', name, namespace })
  const endpoints = [
    { addresses: ['10.42.0.7'], targetRef: ref('a') },
    { addresses: ['10.42.0.8'], targetRef: ref('a') },
    { addresses: ['10.42.0.9'] },
    { addresses: ['10.42.0.7'], targetRef: ref('a', 'other') },
    { addresses: ['10.42.0.7'], targetRef: ref('a'), conditions: { ready: false } },
  ]
  await server.ask('POST', slices, {
    body: {
      metadata: { name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } },
      addressType: 'IPv4',
      ports: [
        { name: 'http', port: 8080 },
        { name: 'tls', port: 8443 },
      ],
      endpoints,
    },
  })
  for (const id of ['web:http', 'web:80', 'https:web:tls', 'https:web:443']) {
    for (let times = 0; times < 8; times++) {
      await server.ask('PATCH', `${core}/services/${id}/proxy/`)
    }
  }
  assert.deepEqual(
    [...new Set(reached)],
    [
      `http://10.42.0.7:8080 ${core}/services/web:http/proxy /`,
      `http://10.42.0.7:8080 ${core}/services/web:80/proxy /`,
      `https://10.42.0.7:8443 ${core}/services/https:web:tls/proxy /`,
      `https://10.42.0.7:8443 ${core}/services/https:web:443/proxy /`,
    ],
  )
  const rows: readonly (readonly [string, string])[] = [
    ['web', 'no endpoints available for service "web"'],
    ['web:none', 'no endpoints available for service "web:none"'],
    ['web:81', 'no service port 81 found for service "web"'],
  ]
  for (const [id, message] of rows) {
    const refused = await server.refused('GET', `${core}/services/${id}/proxy/`)
    assert.deepEqual([refused.code, refused.message], [503, message])
  }
})

it("leads to a node's kubelet, or to another of its ports", async () => {
  const { server, reached } = await start()
  await using _ = server
  await server.ask('POST', '/api/v1/nodes', {
    body: {
      metadata: { name: 'n1' },
      status: {
        addresses: [
          { type: 'Hostname', address: 'n1' },
          { type: 'InternalIP', address: '192.0.2.1' },
        ],
        daemonEndpoints: { kubeletEndpoint: { Port: 10251 } },
      },
    },
  })
  for (const id of ['n1', 'https:n1:', 'n1:10251', 'https:n1:9100']) {
    await server.ask('GET', `/api/v1/nodes/${id}/proxy/metrics`)
  }
  assert.deepEqual(reached, [
    'kubelet n1 /api/v1/nodes/n1/proxy /metrics',
    'kubelet n1 /api/v1/nodes/https:n1:/proxy /metrics',
    'kubelet n1 /api/v1/nodes/n1:10251/proxy /metrics',
    'https://192.0.2.1:9100 /api/v1/nodes/https:n1:9100/proxy /metrics',
  ])
  assert.equal((await server.refused('TRACE', '/api/v1/nodes/n1/proxy/')).code, 405)
})
