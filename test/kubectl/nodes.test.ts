import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { buffer, text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { startNodeCluster, type NodeCluster } from '../nodes/cluster.ts'
import { findKubectls, type Kubectl } from './kubectls.ts'

/** kubectls through the API server to a kubelet: what passes, and how it ends. */
const bytes = randomBytes(2_000_000)
const limitMs = 30_000

for (const kubectl of findKubectls()) {
  describe(`kubectl 1.${kubectl.minor} and a kubelet`, () => {
    let cluster: NodeCluster | undefined
    before(async () => {
      cluster = await startNodeCluster()
    })
    after(() => cluster?.[Symbol.asyncDispose]())

    const run = (args: readonly string[]) => start(cluster, kubectl, args)
    const outcome = async (args: readonly string[], stdin?: Uint8Array) => {
      const { child, ended } = run(args)
      child.stdin.on('error', () => {})
      child.stdin.end(stdin)
      const [out, err, [code]] = await Promise.all([
        buffer(child.stdout),
        text(child.stderr),
        ended,
      ])
      return { out, err, code }
    }

    it('reads logs', async () => {
      cluster?.kubelet.serve((request, response) => response.end(`${request.url}\n`))
      const { out, code } = await outcome(['logs', 'web', '--tail=5', '--timestamps'])
      assert.equal(out.toString(), '/containerLogs/default/web/main?timestamps=true&tailLines=5\n')
      assert.equal(code, 0)
    })

    it('follows a log until it ends', async () => {
      const lines = Promise.withResolvers<(line?: string) => void>()
      cluster?.kubelet.serve((_, response) => {
        response.write('first\n')
        lines.resolve((line) => (line === undefined ? response.end() : response.write(line)))
      })
      const { child, ended } = run(['logs', '-f', 'web'])
      assert.equal(String((await once(child.stdout, 'data'))[0]), 'first\n')
      const write = await lines.promise
      write('second\n')
      assert.equal(String((await once(child.stdout, 'data'))[0]), 'second\n')
      write()
      assert.equal((await ended)[0], 0)
    })

    it('is told why there is no log', async () => {
      cluster?.kubelet.serve((_, response) => response.writeHead(400).end('no such container'))
      const { err, code } = await outcome(['logs', 'web'])
      assert.match(err, /Error from server \(BadRequest\): no such container/)
      assert.equal(code, 1)
    })

    it('runs commands, with input, its end, and their exit codes', async () => {
      const echoed = await outcome(['exec', '-i', 'web', '--', 'cat'], bytes)
      assert.ok(echoed.out.equals(bytes))
      assert.deepEqual([echoed.err, echoed.code], ['', 0])
      const left = await outcome(['exec', 'web', '--', 'exit', '7'])
      assert.deepEqual([left.err, left.code], ['words\ncommand terminated with exit code 7\n', 7])
    })

    it('is told why a command does not run', async () => {
      const { err, code } = await outcome(['exec', 'web', '--', 'refused'])
      assert.match(err, /container not found \("main"\)/)
      assert.equal(code, 1)
    })

    it('attaches', async () => {
      const { out, code } = await outcome(['attach', '-i', 'web'], Buffer.from('hello\n'))
      assert.equal(out.toString(), 'hello\n')
      assert.equal(code, 0)
    })

    it('copies into a pod', async () => {
      const { err, code } = await outcome(['cp', import.meta.filename, 'web:/tmp/x'])
      assert.deepEqual([err, code], ['', 0])
    })

    it('forwards several connections at once, each with its ends', async () => {
      const { child, ended } = run(['port-forward', 'pod/web', ':80'])
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

    it('reads of a node what its kubelet serves', async () => {
      cluster?.kubelet.serve((request, response) => response.end(`${request.url}\n`))
      const { out, code } = await outcome(['get', '--raw', '/api/v1/nodes/n1/proxy/healthz?a=b'])
      assert.deepEqual([out.toString(), code], ['/healthz?a=b\n', 0])
    })

    it('left no failure behind', () => assert.deepEqual(cluster?.kubelet.failures, []))
  })
}

function start(cluster: NodeCluster | undefined, kubectl: Kubectl, args: readonly string[]) {
  assert.ok(cluster)
  const env = { ...process.env, KUBECONFIG: cluster.server.kubeconfig, HOME: cluster.dir }
  const child = spawn(kubectl.path, args, { env, timeout: limitMs })
  return { child, ended: once(child, 'close') }
}
