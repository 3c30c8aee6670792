import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Namespace, ServiceAccount } from '#api'
import type { Server } from '#cluster'
import { startTestServer } from '../server.ts'
import { findKubectls, type Kubectl } from './kubectls.ts'
import { judge, runKubectl, splitWords } from './run.ts'
import type { Scenario } from './scenario.ts'
import { access } from './scenarios/access.ts'
import { basics } from './scenarios/basics.ts'
import { changing } from './scenarios/changing.ts'
import { creating } from './scenarios/creating.ts'
import { discovering } from './scenarios/discovering.ts'
import { operating } from './scenarios/operating.ts'
import { refusals } from './scenarios/refusals.ts'

const scenarios: readonly Scenario[] = [
  basics,
  changing,
  creating,
  access,
  discovering,
  operating,
  refusals,
]
const kubectls = findKubectls()

it('there is a kubectl to test with', () => assert.ok(kubectls.length > 0))

for (const kubectl of kubectls) {
  describe(`kubectl 1.${kubectl.minor}`, { concurrency: 2 }, () => {
    let dir = ''
    let server: Server | undefined
    before(async () => {
      dir = mkdtempSync(join(tmpdir(), 'k8ts-kubectl-'))
      server = await startTestServer(dir)
    })
    after(async () => {
      await server?.close()
      rmSync(dir, { recursive: true })
    })

    for (const scenario of scenarios) {
      it(scenario.name, async () => {
        assert.ok(server)
        const env = await prepare(server, dir, scenario.name)
        const problems: string[] = []
        for (const row of scenario.rows) {
          if (kubectl.minor < (row.since ?? 0) || kubectl.minor > (row.until ?? 99)) continue
          const problem = judge(row, await runKubectl(kubectl, row, env))
          if (problem !== '') problems.push(`$ kubectl ${row.args}\n${problem}`)
        }
        assert.equal(problems.length, 0, problems.join('\n'))
      })
    }

    it('watches', async () => {
      assert.ok(server)
      const env = await prepare(server, dir, 'watching')
      const seen = watch(kubectl, 'get cm -w -o name', env)
      try {
        for (const name of ['one', 'two', 'three']) {
          const created = await runKubectl(kubectl, { args: `create cm ${name}` }, env)
          assert.equal(created.exit, 0, created.err)
          await seen.until(`configmap/${name}\n`)
        }
      } finally {
        await seen.stop()
      }
    })
  })
}

/** A namespace of its own, and a kubeconfig that points at it. */
async function prepare(server: Server, dir: string, name: string): Promise<Record<string, string>> {
  await server.client.resource(Namespace).create({ metadata: { name } })
  await server.client
    .resource(ServiceAccount)
    .namespace(name)
    .create({ metadata: { name: 'default' } })
  const kubeconfig = join(dir, `kubeconfig-${name}`)
  const text = readFileSync(server.kubeconfig, 'utf8')
  writeFileSync(
    kubeconfig,
    text.replace('cluster: k8ts\n', `cluster: k8ts\n    namespace: ${name}\n`),
  )
  // The cache of discovery lies below HOME.
  return { KUBECONFIG: kubeconfig, HOME: dir }
}

function watch(kubectl: Kubectl, args: string, env: Readonly<Record<string, string>>) {
  const child = spawn(kubectl.path, splitWords(args), {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    timeout: 30_000,
  })
  let out = ''
  const waiting = new Set<() => void>()
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
    for (const look of waiting) look()
  })
  return {
    async until(text: string): Promise<void> {
      const found = new Promise<void>((resolve) => {
        const look = () => {
          if (out.includes(text)) resolve()
        }
        waiting.add(look)
        look()
      })
      const gone = closed.then(() => assert.fail(`kubectl ended without "${text}": ${out}`))
      await Promise.race([found, gone])
    },
    async stop(): Promise<void> {
      child.kill()
      await closed
    },
  }
}
