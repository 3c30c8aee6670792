import assert from 'node:assert/strict'
import { test } from 'node:test'
import { realClock } from '#base'
import { cpuWeight, filesV2, realCgroups } from './cgroups.ts'
import { LinuxError } from './error.ts'
import { realExec } from './exec.ts'
import { ipIn } from './ip.ts'
import { parseMountInfo, unmountBelow } from './mounts.ts'
import { FakeExec, FakeMounts } from './testing/fakes.ts'

test('a program gets its input and gives its output', async () => {
  const { stdout } = await realExec(realClock).run('cat', [], { input: 'hello' })
  assert.equal(stdout, 'hello')
})

test('a program takes its input as it comes, and is killed when that fails', async () => {
  const exec = realExec(realClock)
  async function* numbers(failing: boolean) {
    for (let i = 0; i < 100_000; i++) yield Buffer.from('x'.repeat(20))
    if (failing) throw new Error('the source broke')
  }
  const { stdout } = await exec.run('wc', ['-c'], { input: numbers(false) })
  assert.equal(stdout.trim(), '2000000')
  await assert.rejects(exec.run('cat', [], { input: numbers(true) }), /^Error: the source broke$/)
  // One that does not want it ends as it likes.
  await exec.run('true', [], { input: numbers(false) })
  await assert.rejects(exec.run('/nonexistent', [], { input: numbers(false) }), {
    reason: 'CommandFailed',
  })
})

test('output is cut off where it is too long', async () => {
  const script = 'head -c 200000 /dev/zero'
  const cut = await realExec(realClock).run('sh', ['-c', script], { outputBytesMax: 1 })
  assert.ok(cut.stdout.length < 200_000, `${cut.stdout.length}`)
  assert.equal((await realExec(realClock).run('sh', ['-c', script])).stdout.length, 200_000)
})

test('a program that fails tells its last words', async () => {
  const run = realExec(realClock).run('sh', ['-c', 'echo no such thing >&2; exit 3'])
  await assert.rejects(run, (error: LinuxError) => {
    assert.equal(error.reason, 'CommandFailed')
    assert.match(error.message, /no such thing/)
    return true
  })
  await assert.rejects(realExec(realClock).run('/nonexistent', []), { reason: 'CommandFailed' })
})

test('a program that takes too long is killed', async () => {
  const run = realExec(realClock).run('sleep', ['60'], { timeoutMs: 20 })
  await assert.rejects(run, { reason: 'CommandTimedOut' })
})

test('mounts are read with their blanks and controllers', () => {
  const text =
    '36 35 98:0 / /mnt/a\\040b rw,noatime shared:1 - ext3 /dev/root rw,errors=continue\n' +
    '37 35 0:24 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n'
  assert.deepEqual(parseMountInfo(text), [
    { target: '/mnt/a b', type: 'ext3', source: '/dev/root', options: ['rw', 'errors=continue'] },
    { target: '/sys/fs/cgroup/cpu', type: 'cgroup', source: 'cgroup', options: ['rw', 'cpu'] },
  ])
})

test('what is mounted below a directory goes from the inside out', async () => {
  const mounts = new FakeMounts()
  for (const target of ['/a', '/a/b', '/ab', '/a/b/c']) await mounts.mountTmpfs(target)
  await unmountBelow(mounts, '/a')
  assert.deepEqual(
    mounts.mounted.map(({ target }) => target),
    ['/ab'],
  )
})

test('links are those of the namespace', async () => {
  const exec = new FakeExec(
    () => '1: lo: <LOOPBACK>\n2: eth0@if7: <BROADCAST>\n3: k8ts0: <BROADCAST>\n',
  )
  assert.deepEqual(await ipIn(exec, '/run/netns/one').links(), ['lo', 'eth0', 'k8ts0'])
  assert.deepEqual(exec.calls, ['nsenter --net=/run/netns/one -- ip -o link show'])
})

test('limits of cgroup v1 have their counterparts in v2', () => {
  assert.equal(cpuWeight(2), 1)
  assert.equal(cpuWeight(1024), 39)
  assert.equal(cpuWeight(262_144), 10_000)
  assert.deepEqual(filesV2({ cpuShares: 1024, cpuQuotaUs: 50_000, memoryBytes: -1 }), [
    ['cpu.weight', '39'],
    ['cpu.max', '50000 100000'],
    ['memory.max', 'max'],
  ])
})

test('no cgroups at all is an error', () => {
  assert.throws(() => realCgroups([]), { reason: 'Refused' })
})
