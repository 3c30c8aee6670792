import type { Pod } from '#api'
import { asError, must, type Clock, type Log } from '#base'
import type { EventRecorder, Lister } from '#client'
import { hasReason } from '#machinery'
import type { Calls } from './calls.ts'
import type { ClusterState } from './cluster-state.ts'
import { fitErrorMessage, type Diagnosis } from './framework/diagnosis.ts'
import type { Framework } from './framework/framework.ts'
import type { PostFilterResult } from './framework/plugin.ts'
import { Status } from './framework/status.ts'
import { noteLengthMax } from './limits.ts'
import type { Metrics } from './metrics.ts'
import type { NodeTable } from './node-table/node-table.ts'
import { isActive, qualifiedName, type PodInfo, type PodInfos } from './pod-info.ts'
import type { PodWriter, Unscheduled } from './pod-writer.ts'
import type { Preemption } from './preemption.ts'
import type { QueuedPod, SchedulingQueue } from './queue/scheduling-queue.ts'
import type { Decision, Scheduling } from './schedule.ts'

/** What an attempt works with. */
export interface AttemptServices {
  readonly clock: Clock
  readonly log: Log
  readonly table: NodeTable
  readonly queue: SchedulingQueue
  readonly infos: PodInfos
  readonly state: ClusterState
  readonly scheduling: Scheduling
  readonly frameworks: ReadonlyMap<string, Framework>
  readonly recorders: ReadonlyMap<string, EventRecorder>
  readonly pods: Lister<Pod>
  readonly writer: PodWriter
  readonly preemption: Preemption
  readonly calls: Calls
  readonly metrics: Metrics
}

const noNodes = 'no nodes available to schedule pods'

/**
 * Tries one pod: decides synchronously, and either puts it on a node by our own word and tells the
 * API in the background, or puts it back into the queue and tells the user why.
 */
export function attempt(services: AttemptServices, taken: QueuedPod): void {
  const { clock, table, frameworks, queue, metrics } = services
  const { pod } = taken
  const startedMs = clock.elapsed()
  if (pod.pod.metadata.deletionTimestamp !== undefined) {
    recordFailure(services, pod, `skip schedule deleting pod: ${qualifiedName(pod)}`)
    return
  }
  const framework = must(
    frameworks.get(pod.pod.spec.schedulerName),
    'only pods that name a profile come into the queue',
  )
  const work = { services, taken, framework, startedMs }
  const decision = decide(work)
  metrics.decided(clock.elapsed() - startedMs)
  switch (decision.type) {
    case 'failed':
      services.calls.start(() => failed(work, undefined, decision.status))
      break
    case 'no nodes':
      unschedulable(work, noNodes, new Set(), '')
      break
    case 'unschedulable': {
      const { message, nominatedNodeName, victims } = postFilter(work, decision.diagnosis)
      const why = fitErrorMessage(decision.diagnosis, message)
      unschedulable(work, why, decision.diagnosis.plugins, nominatedNodeName)
      if (nominatedNodeName !== undefined && victims !== undefined) {
        services.preemption.start(services, { pod, nodeName: nominatedNodeName, victims })
      }
      break
    }
    case 'fits': {
      const { nodeName } = decision
      table.assume(pod, nodeName)
      queue.nominator.delete(pod.uid)
      const status = framework.reserve(pod, nodeName) ?? framework.permit(pod, nodeName)
      if (status === undefined) services.calls.start(() => bind(work, nodeName))
      else refused(work, nodeName, status)
      break
    }
  }
}

function postFilter({ services, taken, framework }: Work, diagnosis: Diagnosis): PostFilterResult {
  try {
    return framework.postFilter(taken.pod, diagnosis)
  } catch (error) {
    const { message } = asError(error)
    services.log.error('no room could be made', { pod: qualifiedName(taken.pod), error: message })
    return { message }
  }
}

interface Work {
  readonly services: AttemptServices
  readonly taken: QueuedPod
  readonly framework: Framework
  readonly startedMs: number
}

/** A plugin that throws must not keep all other pods from their nodes. */
function decide({ services, taken, framework }: Work): Decision {
  const { scheduling, queue, log } = services
  try {
    return scheduling.decide(framework, taken.pod, (name) => queue.nominator.on(name))
  } catch (error) {
    const { message } = asError(error)
    log.error('a pod could not be decided upon', { pod: qualifiedName(taken.pod), error: message })
    return { type: 'failed', status: new Status('', 'Error', message) }
  }
}

/** The binding cycle. */
async function bind(work: Work, nodeName: string): Promise<void> {
  const { services, taken, framework, startedMs } = work
  const { clock, table, metrics } = services
  const { pod } = taken
  const status = await framework.bind(pod, nodeName).catch((error: unknown) => {
    const { message } = asError(error)
    services.log.error('a plugin threw in a binding', { pod: qualifiedName(pod), error: message })
    return new Status('', 'Error', message)
  })
  if (status !== undefined) {
    await failed(work, nodeName, status)
    return
  }
  const nowMs = clock.elapsed()
  table.finishBinding(pod.uid, nowMs)
  metrics.attempt('scheduled', framework.profile.schedulerName, nowMs - startedMs)
  metrics.podScheduled(taken.attempts, nowMs - (taken.firstAttemptMs ?? startedMs))
  services.recorders.get(framework.profile.schedulerName)?.record(pod.pod, {
    type: 'Normal',
    reason: 'Scheduled',
    action: 'Binding',
    message: `Successfully assigned ${qualifiedName(pod)} to ${nodeName}`,
  })
}

/** A plugin said no to the node that was chosen. */
function refused(work: Work, nodeName: string, status: Status): void {
  const { services, taken } = work
  if (!status.rejected) {
    services.calls.start(() => failed(work, nodeName, status))
    return
  }
  release(work, nodeName)
  const { pod } = taken
  const row = must(services.table.rowOf(nodeName), 'the node is still there')
  const diagnosis = {
    nodeCount: 1,
    rows: [row],
    statuses: [status],
    absent: undefined,
    preFilter: undefined,
    plugins: new Set([status.plugin]),
  }
  unschedulable(work, fitErrorMessage(diagnosis, ''), diagnosis.plugins, '')
  services.state.released(pod, services.clock.elapsed())
}

function unschedulable(
  work: Work,
  message: string,
  rejectedBy: ReadonlySet<string>,
  nominatedNodeName: string | undefined,
): void {
  const { services, taken, framework, startedMs } = work
  const { clock, queue, metrics } = services
  const { pod } = taken
  const nowMs = clock.elapsed()
  metrics.attempt('unschedulable', framework.profile.schedulerName, nowMs - startedMs)
  queue.putBackUnschedulable(taken, pod, rejectedBy, nowMs)
  if (nominatedNodeName !== undefined) queue.nominator.set(pod, nominatedNodeName)
  recordFailure(services, pod, message)
  services.calls.start(() =>
    tell(services, pod, { reason: 'Unschedulable', message, nominatedNodeName }),
  )
}

/**
 * Something went wrong on the way to the node. What became of the pod is the API server's to say: a
 * binding whose answer was lost may have taken effect.
 */
async function failed(work: Work, nodeName: string | undefined, status: Status): Promise<void> {
  const { services, taken, framework, startedMs } = work
  const { clock, queue, metrics, log } = services
  const current = await currentPod(services, taken.pod)
  const nowMs = clock.elapsed()
  metrics.attempt('error', framework.profile.schedulerName, nowMs - startedMs)
  if (nodeName !== undefined) {
    release(work, nodeName)
    services.state.released(taken.pod, nowMs)
  }
  if (current === undefined || !isActive(current)) return
  if ((current.spec.nodeName ?? '') !== '') {
    services.state.podAdded(current, nowMs)
    return
  }
  const pod = services.infos.of(current)
  if (queue.get(pod.uid) !== undefined) return
  queue.putBackFailed(taken, pod, nowMs)
  const { message } = status
  log.info('a pod is tried again', {
    pod: qualifiedName(pod),
    node: nodeName ?? '',
    error: message,
  })
  recordFailure(services, pod, message)
  await tell(services, pod, { reason: 'SchedulerError', message, nominatedNodeName: '' })
}

/**
 * The pod as the API server has it, or the informer where the server cannot be asked; undefined
 * when it is gone. The informer has known the pod, so what it no longer has is gone, whatever an
 * older answer says.
 */
export async function currentPod(
  { writer, pods }: Pick<AttemptServices, 'pods' | 'writer'>,
  { namespace, name, uid }: PodInfo,
): Promise<Pod | undefined> {
  const same = (pod: Pod | undefined) => (pod?.metadata.uid === uid ? pod : undefined)
  let read: Pod | undefined
  try {
    read = await writer.read(namespace, name)
  } catch (error) {
    return hasReason(error, 'NotFound') ? undefined : same(pods.get(namespace, name))
  }
  return same(pods.get(namespace, name)) === undefined ? undefined : same(read)
}

/** Takes back what was done towards the node. */
function release({ services, taken, framework }: Work, nodeName: string): void {
  framework.unreserve(taken.pod, nodeName)
  services.table.forget(taken.pod.uid)
}

function recordFailure(services: AttemptServices, { pod }: PodInfo, message: string): void {
  const fits = message.length <= noteLengthMax
  services.recorders.get(pod.spec.schedulerName)?.record(pod, {
    type: 'Warning',
    reason: 'FailedScheduling',
    action: 'Scheduling',
    message: fits ? message : `${message.slice(0, noteLengthMax - 4)} ...`,
  })
}

async function tell(services: AttemptServices, pod: PodInfo, why: Unscheduled): Promise<void> {
  try {
    await services.writer.unscheduled(pod, why)
  } catch (error) {
    // Gone, or another of the same name, or changed so that the condition is settled elsewhere.
    if (hasReason(error, 'NotFound') || hasReason(error, 'Conflict')) return
    services.log.warn('the condition of a pod could not be written', {
      pod: qualifiedName(pod),
      error: asError(error).message,
    })
  }
}
