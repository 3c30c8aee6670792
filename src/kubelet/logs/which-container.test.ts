import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testPod } from '../testing/objects.ts'
import { logContainer } from './which-container.ts'

const running = { running: { startedAt: '2026-03-01T10:00:00Z' } }
const ended = (id: string) => ({ terminated: { exitCode: 1, containerID: id } })
const waits = (reason: string) => ({ waiting: { reason } })

interface Row {
  readonly state?: object
  readonly lastState?: object
  readonly previous?: boolean
  /** An id, or what is said instead. */
  readonly gives: string | RegExp
}

const rows: readonly Row[] = [
  { state: running, gives: 'now' },
  { state: running, lastState: ended('containerd://before'), previous: true, gives: 'before' },
  {
    state: running,
    previous: true,
    gives: /^previous terminated container "main" in pod "web" not found$/,
  },
  { state: ended('containerd://now'), gives: 'now' },
  { state: ended(''), lastState: ended('containerd://before'), gives: 'before' },
  { state: ended(''), gives: /^container "main" in pod "web" is terminated$/ },
  { state: waits('CrashLoopBackOff'), lastState: ended('containerd://before'), gives: 'before' },
  { state: waits('CrashLoopBackOff'), lastState: ended(''), gives: /is terminated$/ },
  {
    state: waits('ContainerCreating'),
    gives: /^container "main" in pod "web" is waiting to start: ContainerCreating$/,
  },
  { state: waits('ErrImagePull'), gives: /is waiting to start: image can't be pulled$/ },
  {
    state: waits('ImagePullBackOff'),
    gives: /is waiting to start: trying and failing to pull image$/,
  },
  { state: {}, gives: /is waiting to start - no logs yet$/ },
]

test('the log is that of the container that runs, or of the last that did', () => {
  for (const { state = {}, lastState = {}, previous = false, gives } of rows) {
    const containerID = 'containerd://now'
    const main = { name: 'main', image: 'web', imageID: '', restartCount: 0, ready: false }
    const containerStatuses = [{ ...main, containerID, state, lastState }]
    const { status } = testPod('web', { status: { containerStatuses } })
    const find = () => logContainer(status, 'web', 'main', previous)
    if (typeof gives === 'string') assert.equal(find(), gives)
    else assert.throws(find, { message: gives })
  }
  const { status } = testPod('web')
  assert.throws(() => logContainer(status, 'web', 'main', false), {
    message: 'container "main" in pod "web" is not available',
  })
})
