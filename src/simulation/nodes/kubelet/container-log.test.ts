import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Pod } from '#api'
import { formatTime } from '#base'
import { annotations } from '../behaviour.ts'
import { ContainerLog, containerRun } from './container-log.ts'

const startMs = 1_700_000_000_000
const at = (seconds: number) => formatTime(startMs + seconds * 1000)

function pod(containerStatus: object, given: Readonly<Record<string, string>> = {}): Pod {
  const status = { name: 'main', image: 'web:1', restartCount: 0, state: {}, lastState: {} }
  // Only what a log reads.
  return {
    metadata: { name: 'web', namespace: 'default', annotations: given },
    spec: { nodeName: 'simulated-0', containers: [{ name: 'main' }], initContainers: [] },
    status: { containerStatuses: [{ ...status, ...containerStatus }] },
  } as unknown as Pod
}

const running = { state: { running: { startedAt: at(0) } } }

function lines(of: Pod, seconds: number, previous = false): string[] {
  const log = new ContainerLog(containerRun(of, 'main', previous), startMs + seconds * 1000)
  return Array.from({ length: log.length }, (_, index) => {
    const { atMs, text } = log.line(index)
    return `${(atMs - startMs) / 1000} ${text}`
  })
}

it('says that it has started, is ready, and what it was told to say', () => {
  assert.deepEqual(lines(pod(running), 0), [
    '0 main: started from web:1 (simulated)',
    '0 main: ready',
  ])
  const given = {
    [annotations.readyDelay]: '5s',
    [annotations.logEvery]: '2s',
    [annotations.logLine]: 'tick',
  }
  assert.deepEqual(lines(pod(running, given), 7), [
    '0 main: started from web:1 (simulated)',
    '2 tick 1',
    '4 tick 2',
    '5 main: ready',
    '6 tick 3',
  ])
  assert.deepEqual(lines(pod(running, { ...given, [annotations.neverReady]: 'true' }), 3), [
    '0 main: started from web:1 (simulated)',
    '2 tick 1',
  ])
})

it('says how it has ended, and is silent after', () => {
  const terminated = { startedAt: at(0), finishedAt: at(5), exitCode: 3 }
  const ended = pod({ state: { terminated }, restartCount: 1 }, { [annotations.logEvery]: '2s' })
  assert.deepEqual(lines(ended, 100), [
    '0 main: started from web:1 (simulated, restart 1)',
    '0 main: ready',
    '2 line 1',
    '4 line 2',
    '5 main: ended with exit code 3',
  ])
})

it('keeps the run before', () => {
  const terminated = { startedAt: at(0), finishedAt: at(1), exitCode: 1 }
  const again = pod({
    state: { running: { startedAt: at(20) } },
    lastState: { terminated },
    restartCount: 3,
  })
  assert.equal(lines(again, 20)[0], '20 main: started from web:1 (simulated, restart 3)')
  assert.equal(lines(again, 20, true)[0], '0 main: started from web:1 (simulated, restart 2)')
  const waits = pod({
    state: { waiting: { reason: 'CrashLoopBackOff' } },
    lastState: { terminated },
    restartCount: 3,
  })
  assert.equal(lines(waits, 20)[0], '0 main: started from web:1 (simulated, restart 3)')
  assert.deepEqual(lines(waits, 20, true), lines(waits, 20))
})

it('says in the words of a kubelet why there is none', () => {
  const waiting = pod({ state: { waiting: { reason: 'ContainerCreating' } } })
  assert.throws(
    () => containerRun(waiting, 'main', false),
    /^Error: container "main" in pod "web" is waiting to start: ContainerCreating$/,
  )
  assert.throws(
    () => containerRun(pod(running), 'main', true),
    /^Error: previous terminated container "main" in pod "web" not found$/,
  )
  assert.throws(() => containerRun(pod(running), 'other', false), /is not available/)
})

it('finds the end of a long log at once, and knows when the next line is due', () => {
  const run = containerRun(pod(running, { [annotations.logEvery]: '1ms' }), 'main', false)
  const yearMs = 365 * 24 * 3600 * 1000
  const log = new ContainerLog(run, startMs + yearMs)
  assert.equal(log.length, yearMs + 2)
  assert.equal(log.firstSince(startMs + yearMs - 9), yearMs - 8)
  assert.equal(log.nextMs, startMs + yearMs + 1)
  // The wall clock may be set back.
  assert.equal(new ContainerLog(run, startMs - 1000).length, 2)
})
