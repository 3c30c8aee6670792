import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { realClock, realRandom } from '#base'
import {
  acceptPortForward,
  acceptRemoteCommand,
  commandExited,
  connectRemoteCommand,
  proxyRemoteCommand,
  pump,
  type CommandWants,
} from '#streaming'
import { findKubectls, type Kubectl } from './kubectls.ts'

/**
 * What kubectls say over SPDY and WebSockets, to a server that knows one pod and nothing else of
 * Kubernetes: commands that echo, ports that echo.
 */
const ctx = { clock: realClock, random: realRandom }
const bytes = randomBytes(2_000_000)
const limitMs = 30_000

const documents: Readonly<Record<string, object>> = {
  '/api': { kind: 'APIVersions', versions: ['v1'] },
  '/apis': { kind: 'APIGroupList', apiVersion: 'v1', groups: [] },
  '/api/v1': {
    kind: 'APIResourceList',
    groupVersion: 'v1',
    resources: [
      { name: 'pods', singularName: 'pod', namespaced: true, kind: 'Pod', verbs: ['get'] },
    ],
  },
  '/api/v1/namespaces/default/pods/p': {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: { name: 'p', namespace: 'default', uid: 'u' },
    spec: { containers: [{ name: 'c', image: 'i' }] },
    status: { phase: 'Running' },
  },
}

function wantsOf(request: IncomingMessage): CommandWants {
  const query = new URL(request.url ?? '', 'http://pod').searchParams
  const wanted = (name: string) => ['true', '1'].includes(query.get(name) ?? '')
  return {
    stdin: wanted('stdin'),
    stdout: wanted('stdout'),
    stderr: wanted('stderr'),
    tty: wanted('tty'),
  }
}

async function serveCommand(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  const wants = wantsOf(request)
  const command = await acceptRemoteCommand({ headers: request.headers, socket, head }, wants, ctx)
  if (command.stdout === undefined) throw new Error('no stdout')
  if (command.stdin === undefined) await command.stdout.write(bytes)
  else await pump(command.stdin, command.stdout)
  await command.stderr?.write(Buffer.from('words\n'))
  await command.finish(commandExited(7, 'exit status 7'))
}

/** As the API server does it: the client on one side, another server on the other. */
async function passOn(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  carrier: 'spdy' | 'websocket',
): Promise<void> {
  const { port } = server.address() as AddressInfo
  const target = {
    dial: async () => {
      const dialed = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
      await once(dialed, 'connect')
      return dialed
    },
    host: 'pod',
    path: (request.url ?? '').replace(`container=${carrier}`, 'container=c'),
    carriers: [carrier],
  }
  const wants = wantsOf(request)
  const outgoing = await connectRemoteCommand(target, wants, ctx)
  const incoming = await acceptRemoteCommand({ headers: request.headers, socket, head }, wants, ctx)
  await proxyRemoteCommand(incoming, outgoing)
}

async function servePorts(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  const forward = await acceptPortForward({ headers: request.headers, socket, head }, [], ctx)
  const ends: Promise<void>[] = []
  for (;;) {
    const port = await forward.accept()
    if (port === undefined) break
    ends.push(pump(port.data, port.data).then(() => port.error.end()))
  }
  await Promise.all(ends)
}

const failures: unknown[] = []
const server = createServer((request, response) => {
  const document = documents[(request.url ?? '').split('?')[0] ?? '']
  response.statusCode = document === undefined ? 404 : 200
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(document ?? {}))
})
server.on('upgrade', (request, socket, head) => {
  const url = request.url ?? ''
  const serve = (): Promise<void> => {
    if (url.includes('/portforward')) return servePorts(request, socket, head)
    if (url.includes('container=spdy')) return passOn(request, socket, head, 'spdy')
    if (url.includes('container=websocket')) return passOn(request, socket, head, 'websocket')
    return serveCommand(request, socket, head)
  }
  serve().catch((error: unknown) => failures.push(error))
})

function run(kubectl: Kubectl, args: readonly string[]) {
  const { port } = server.address() as AddressInfo
  const child = spawn(kubectl.path, [`--server=http://127.0.0.1:${port}`, ...args], {
    env: { ...process.env, KUBECONFIG: '/dev/null' },
    timeout: limitMs,
  })
  return { child, ended: once(child, 'close') }
}

before(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})

after(() => {
  server.closeAllConnections()
  server.close()
})

for (const kubectl of findKubectls()) {
  describe(`kubectl 1.${kubectl.minor}`, () => {
    for (const way of ['c', 'spdy', 'websocket']) {
      const by = way === 'c' ? '' : ` through a proxy that speaks ${way}`
      it(`sends what it reads to a command, and its end, and ends as that does${by}`, async () => {
        const { child, ended } = run(kubectl, ['exec', '-i', 'p', '-c', way, '--', 'cat'])
        child.stdin.end(bytes)
        const [out, err, [code]] = await Promise.all([
          buffer(child.stdout),
          text(child.stderr),
          ended,
        ])
        assert.ok(out.equals(bytes))
        assert.equal(err, 'words\ncommand terminated with exit code 7\n')
        assert.equal(code, 7)
      })
    }

    it('shows the output of a command that reads nothing', async () => {
      const { child, ended } = run(kubectl, ['exec', 'p', '-c', 'c', '--', 'ls'])
      const [out, , [code]] = await Promise.all([buffer(child.stdout), text(child.stderr), ended])
      assert.ok(out.equals(bytes))
      assert.equal(code, 7)
    })

    it('forwards several connections at once, each with its ends', async () => {
      const { child, ended } = run(kubectl, ['port-forward', 'p', ':80'])
      const [line] = (await once(child.stdout, 'data')) as [Buffer]
      const port = Number(/127\.0\.0\.1:(\d+) ->/.exec(line.toString())?.[1])
      const echoes = Array.from({ length: 3 }, async () => {
        const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
        socket.end(bytes)
        assert.ok((await buffer(socket)).equals(bytes))
      })
      await Promise.all(echoes)
      child.kill()
      await ended
    })

    it('left no failure behind', () => assert.deepEqual(failures, []))
  })
}
