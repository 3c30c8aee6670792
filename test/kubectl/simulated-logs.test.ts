import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import type { Server } from '#cluster'
import { startTestServer } from '../server.ts'
import { findKubectls } from './kubectls.ts'
import { judge, runKubectl, type Row } from './run.ts'

const found = findKubectls()
const kubectls = [...new Set([found[0], found.at(-1)])].filter((kubectl) => kubectl !== undefined)

const pod = `apiVersion: v1
kind: Pod
metadata:
  name: web
  annotations:
    simulation.k8ts.dev/exit-after: 2s
    simulation.k8ts.dev/exit-code: "3"
    simulation.k8ts.dev/log-every: 500ms
    simulation.k8ts.dev/log-line: tick
spec:
  restartPolicy: Never
  containers:
  - name: main
    image: web:1
  - name: side
    image: side:1
`

const rows: readonly Row[] = [
  { args: 'apply -f -', stdin: pod },
  { args: 'wait --for=condition=Initialized --timeout=20s pod/web' },
  {
    args: 'logs -f web -c main',
    out: /^main: started from web:1 \(simulated\)\nmain: ready\ntick 1\n(tick \d\n)+main: ended with exit code 3\n$/,
  },
  { args: 'logs web -c side --tail=1', out: 'side: ended with exit code 3\n' },
  {
    args: 'logs web --all-containers --tail=1',
    // In the order of a Go map.
    out: /^((main|side): ended with exit code 3\n){2}$/,
  },
  { args: 'logs web -c main --limit-bytes=4', out: 'main' },
  { args: 'logs web -c main --timestamps --tail=1', out: /^\d{4}-\S+\.\d{9}Z main: ended/ },
  {
    args: 'logs web -c main --previous',
    exit: 1,
    err: /previous terminated container "main" in pod "web" not found/,
  },
  { args: 'logs web -c none', exit: 1, err: /container none is not valid for pod web/ },
  { args: 'run quiet --image=quiet:1', out: /created/ },
  { args: 'wait --for=condition=Ready --timeout=20s pod/quiet' },
  { args: 'exec quiet -- ls', exit: 1, err: /node "simulated-0" is simulated/ },
  { args: 'attach quiet', exit: 1, err: /node "simulated-0" is simulated/ },
  { args: 'get --raw /api/v1/nodes/simulated-0/proxy/healthz', out: 'ok' },
]

for (const kubectl of kubectls) {
  describe(`simulated containers and kubectl 1.${kubectl.minor}`, () => {
    let dir = ''
    let server: Server | undefined
    before(async () => {
      dir = mkdtempSync(join(tmpdir(), 'k8ts-simulated-logs-'))
      server = await startTestServer(dir, { apiOnly: false, simulatedNodes: 1 })
    })
    after(async () => {
      await server?.close()
      rmSync(dir, { recursive: true })
    })
    const env = () => ({ KUBECONFIG: server?.kubeconfig ?? '', HOME: dir })

    it('have logs', async () => {
      for (const row of rows) {
        const problem = judge(row, await runKubectl(kubectl, row, env()))
        assert.equal(problem, '', `$ kubectl ${row.args}\n${problem}`)
      }
    })

    it('are reached through kubectl proxy', async () => {
      const child = spawn(kubectl.path, ['proxy', '--port=0'], {
        env: { ...process.env, ...env() },
        timeout: 30_000,
      })
      const [line] = (await once(child.stdout, 'data')) as [Buffer]
      const port = /127\.0\.0\.1:(\d+)/.exec(line.toString())?.[1]
      const base = `http://127.0.0.1:${port}/api/v1/nodes/simulated-0/proxy`
      assert.equal(await (await fetch(`${base}/healthz`)).text(), 'ok')
      const log = `${base}/containerLogs/default/web/side?tailLines=1`
      assert.equal(await (await fetch(log)).text(), 'side: ended with exit code 3\n')
      const ended = once(child, 'close')
      child.kill()
      await ended
      assert.equal(await text(child.stderr), '')
    })
  })
}
