import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { createApiServer } from '#apiserver'
import { Node } from '#api'
import { realClock, realRandom, silentLog } from '#base'
import { Client, Informers, inProcessTransport } from '#client'
import { generateKeyPair, privateKeyToPem } from '#pki'
import { openStore } from '#store'
import { publishPorts, readyAddresses } from './publish.ts'

const services = { clock: realClock, random: realRandom, log: silentLog }

function node(name: string, address: string, ready: 'False' | 'True') {
  return {
    metadata: { name },
    status: {
      addresses: [{ type: 'InternalIP', address }],
      conditions: [{ type: 'Ready', status: ready }],
    },
  }
}

async function informersOf(t: TestContext, nodes: readonly ReturnType<typeof node>[]) {
  const store = await openStore({ type: 'memory', ...services })
  const server = await createApiServer({
    ...services,
    store,
    clientCa: undefined,
    requestHeaderCa: undefined,
    serviceAccountKey: privateKeyToPem(generateKeyPair('ecdsa-p256', realRandom).privateKey),
    serviceAccountIssuer: 'https://kubernetes.default.svc.cluster.local',
    serviceCidrs: ['10.43.0.0/16'],
    nodePorts: { from: 30_000, to: 32_767 },
    advertise: undefined,
  })
  const user = { name: 'admin', uid: '', groups: ['system:masters'], extra: {} }
  const client = new Client(inProcessTransport(server, { user, userAgent: 'test' }), realClock)
  const informers = new Informers(client, services)
  t.after(async () => {
    await informers[Symbol.asyncDispose]()
    await client[Symbol.asyncDispose]()
    await server.shutdown()
    await store[Symbol.asyncDispose]()
  })
  for (const each of nodes) await client.resource(Node).create(each)
  return informers
}

/** A node port on an address of loopback that echoes, half-closed as it was. */
async function echo(t: TestContext, host: string, port = 0): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.write(`${host}: `)
    socket.pipe(socket)
  })
  server.listen(port, host)
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function ask(port: number): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.end('hello')
  return text(socket)
}

test('connections go to the node port of one ready node after another', async (t) => {
  const nodePort = await echo(t, '127.0.0.2')
  await echo(t, '127.0.0.3', nodePort)
  const informers = await informersOf(t, [
    node('a', '127.0.0.2', 'True'),
    node('b', '127.0.0.3', 'True'),
    node('c', '127.0.0.4', 'False'),
  ])
  const port = await freePort()
  const ports = [{ host: '127.0.0.1', port, nodePort }]
  await using _ = await publishPorts(ports, { informers, log: silentLog })
  await informers.start()
  const answers = [await ask(port), await ask(port)].sort()
  assert.deepEqual(answers, ['127.0.0.2: hello', '127.0.0.3: hello'])
})

test('a node that does not take the connection is passed over; without any it is closed', async (t) => {
  const nodePort = await echo(t, '127.0.0.3')
  const informers = await informersOf(t, [
    node('a', '127.0.0.2', 'True'),
    node('b', '127.0.0.3', 'True'),
  ])
  const [port, dead, nobody] = [await freePort(), await freePort(), await freePort()]
  const ports = [
    { host: '127.0.0.1', port, nodePort },
    { host: '127.0.0.1', port: dead, nodePort: nobody },
  ]
  await using _ = await publishPorts(ports, { informers, log: silentLog })
  await informers.start()
  for (let i = 0; i < 3; i++) assert.equal(await ask(port), '127.0.0.3: hello')
  assert.equal(await ask(dead).catch(() => ''), '')
})

test('a port that is taken is told with its flag, and nothing stays open', async (t) => {
  const taken = await echo(t, '127.0.0.1')
  const informers = await informersOf(t, [])
  const free = await freePort()
  const ports = [
    { host: '127.0.0.1', port: free, nodePort: 30_080 },
    { host: '127.0.0.1', port: taken, nodePort: 30_080 },
  ]
  await assert.rejects(publishPorts(ports, { informers, log: silentLog }), {
    name: 'ClusterError',
    message: `port ${taken} of 127.0.0.1 is taken by another program: name another one with --publish`,
  })
  const server = createServer().listen(free, '127.0.0.1')
  await once(server, 'listening')
  server.close()
})

test('nodes that are not ready, or have no address, take no connections', () => {
  const nodes = [
    node('a', '192.0.2.1', 'True'),
    node('b', '192.0.2.2', 'False'),
    { metadata: { name: 'c' }, status: { conditions: [{ type: 'Ready', status: 'True' }] } },
  ] as unknown as Node[]
  assert.deepEqual(readyAddresses(nodes), ['192.0.2.1'])
})
