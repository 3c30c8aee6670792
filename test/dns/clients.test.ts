import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

/*
 * At the usual address and port, in namespaces of network and mounts that end with their process;
 * programs of the system resolve names as pods do.
 */
test('the C library and busybox find Services by the names that pods use', () => {
  const directory = mkdtempSync(join(tmpdir(), 'k8ts-dns-'))
  try {
    const scenario = join(import.meta.dirname, 'clients-scenario.ts')
    const { status, stderr } = spawnSync(
      'unshare',
      ['--net', '--mount', '--', process.execPath, ...process.execArgv, scenario],
      {
        encoding: 'utf8',
        timeout: 60_000,
        env: { ...process.env, K8TS_TEST_DIRECTORY: directory, NODE_TEST_CONTEXT: '' },
      },
    )
    assert.equal(status, 0, stderr)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})
