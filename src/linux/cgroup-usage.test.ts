import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { usageV1, usageV2 } from './cgroup-usage.ts'

async function withFiles(files: Readonly<Record<string, string>>, use: (at: string) => unknown) {
  const directory = await mkdtemp(join(tmpdir(), 'k8ts-cgroup-'))
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text)
    await use(directory)
  } finally {
    await rm(directory, { recursive: true })
  }
}

test('usage of cgroup v1 is that of the group and all below it', async () => {
  const files = {
    'cpuacct.usage': '1500000000\n',
    'memory.usage_in_bytes': '5000\n',
    'memory.limit_in_bytes': '8192\n',
    'memory.stat':
      'rss 1\ntotal_rss 3000\ntotal_inactive_file 1200\ntotal_pgfault 7\ntotal_pgmajfault 2\n',
    'pids.current': '3\n',
  }
  await withFiles(files, async (directory) => {
    assert.deepEqual(await usageV1(() => directory), {
      cpuNs: 1_500_000_000,
      memoryBytes: 5000,
      workingSetBytes: 3800,
      rssBytes: 3000,
      pageFaults: 7,
      majorPageFaults: 2,
      memoryLimitBytes: 8192,
      processes: 3,
    })
  })
})

test('no limit is none, in either version', async () => {
  const v1 = {
    'cpuacct.usage': '1\n',
    'memory.usage_in_bytes': '1\n',
    'memory.limit_in_bytes': '9223372036854771712\n',
    'memory.stat': 'total_inactive_file 2\n',
  }
  await withFiles(v1, async (directory) => {
    const usage = await usageV1((name) => (name === 'pids' ? undefined : directory))
    assert.equal(usage?.memoryLimitBytes, undefined)
    assert.equal(usage?.processes, undefined)
    assert.equal(usage?.workingSetBytes, 0)
  })
  const v2 = { 'cpu.stat': 'usage_usec 5\nuser_usec 3\n', 'memory.stat': 'anon 10\nfile 20\n' }
  await withFiles({ ...v2, 'memory.max': 'max\n' }, async (directory) => {
    const usage = await usageV2(directory)
    assert.equal(usage?.cpuNs, 5000)
    assert.equal(usage?.memoryLimitBytes, undefined)
    assert.equal(usage?.memoryBytes, 30, 'the root is the machine')
  })
})

test('a group that is not there uses nothing', async () => {
  assert.equal(await usageV1(() => '/nonexistent'), undefined)
  assert.equal(await usageV2('/nonexistent'), undefined)
})
