import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Server } from '#cluster'
import { startTestServer } from '../server.ts'
import { findKubectls, type Kubectl } from './kubectls.ts'
import { judge, runKubectl, type Row } from './run.ts'
import { emptying, workloads } from './scenarios/workloads.ts'

const found = findKubectls()
// What the cluster does is the same for all of them; the oldest and the newest ask for it.
const kubectls = [...new Set([found[0], found.at(-1)])].filter((kubectl) => kubectl !== undefined)

for (const kubectl of kubectls) {
  describe(`an application with kubectl 1.${kubectl.minor}`, () => {
    let dir = ''
    let server: Server | undefined
    before(async () => {
      dir = mkdtempSync(join(tmpdir(), 'k8ts-workloads-'))
      server = await startTestServer(dir, { apiOnly: false, simulatedNodes: 3 })
    })
    after(async () => {
      await server?.close()
      rmSync(dir, { recursive: true })
    })

    it('rolls, scales, heals and goes', () => run(kubectl, workloads))
    it('goes with its namespace', () => run(kubectl, emptying))

    /** One after the other; the first that fails ends it, as the others build on it. */
    async function run(kubectl: Kubectl, rows: readonly Row[]): Promise<void> {
      assert.ok(server)
      const env = { KUBECONFIG: server.kubeconfig, HOME: dir }
      for (const row of rows) {
        if (kubectl.minor < (row.since ?? 0) || kubectl.minor > (row.until ?? 99)) continue
        const problem = judge(row, await runKubectl(kubectl, row, env))
        assert.equal(problem, '', `$ kubectl ${row.args}\n${problem}`)
      }
    }
  })
}
