import { formatTime } from '#base'
import { Pod, type DeleteOptions as DeleteOptionsBody } from '#api'
import { errors, mutable, type KubeObject } from '#machinery'
import { AdmissionChain } from '../../admission/chain.ts'
import { readDeleteOptions, removeObject, type DeleteOptions } from '../../registry/delete.ts'
import type { Call } from '../../registry/call.ts'
import type { Answer } from '../../request.ts'
import { callOf, rewrite } from '../rewrite.ts'
import type { SubresourceCall } from '../subresource.ts'
import { admitVirtual, bodyFace, doneAnswer, readVirtual, settleName } from '../virtual.ts'
import { budgetsOf, sparesUnready, spendDisruption } from './disruption-budget.ts'
import { setPodCondition } from './pod-condition.ts'

const pods = { group: '', resource: 'pods' }

interface Eviction extends KubeObject {
  readonly deleteOptions?: DeleteOptionsBody
}

/**
 * POST pods/<name>/eviction: a deletion that a disruption budget may refuse (policy/v1). A pod that
 * is over, not yet running or on its way out disrupts nothing and is deleted without asking.
 */
export async function evictPod(request: SubresourceCall): Promise<Answer> {
  const face = bodyFace('Eviction')
  // kubectl before 1.22 drains nodes in the older version.
  const write = readVirtual(request, face, ['policy/v1beta1'])
  settleName(request, write.draft, 'Eviction')
  const call = unadmitted(callOf(request.call, Pod, request.info.namespace, request.info.name))
  const { deleteOptions } = write.draft as unknown as Eviction
  // The query is the eviction's own; its body holds the options of the deletion.
  const given = readDeleteOptions(
    { ...call, request: { ...call.request, query: new URLSearchParams() } },
    { value: deleteOptions ?? {}, duplicates: [] },
  )
  const dryRun = given.dryRun || write.options.dryRun
  const options: DeleteOptions = { ...given, dryRun }
  await admitVirtual(request.call, face, write)
  await call.registry.cache.fresh()
  const pod = call.registry.cache.cache(Pod).get(call.info.namespace, call.info.name)?.object as
    | Pod
    | undefined
  if (pod === undefined) throw errors.notFound(pods, call.info.name)
  if (disruptsNothing(pod)) {
    await removeObject(call, isOver(pod) ? options : pinned(options, pod))
    return doneAnswer()
  }
  const budgets = budgetsOf(call, pod)
  const [budget] = budgets
  if (budget === undefined) {
    await markAndRemove(call, options)
    return doneAnswer()
  }
  if (budgets.length > 1) return tooManyBudgets
  if (sparesUnready(budget, pod)) {
    // Its readiness was what let it go, so it must not have changed meanwhile.
    await markAndRemove(call, pinned(options, pod))
    return doneAnswer()
  }
  await spendDisruption(call, budget, pod, dryRun)
  await markAndRemove(call, options)
  return doneAnswer()
}

/** What is admitted is the eviction; the deletion that follows is its effect. */
function unadmitted(call: Call): Call {
  return { ...call, registry: { ...call.registry, admission: new AdmissionChain([]) } }
}

const tooManyBudgets: Answer = {
  type: 'status',
  code: 500,
  status: {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message:
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    code: 500,
  },
}

function isOver({ metadata, status }: Pod): boolean {
  const { phase } = status
  return phase === 'Succeeded' || phase === 'Failed' || metadata.deletionTimestamp !== undefined
}

function disruptsNothing(pod: Pod): boolean {
  return isOver(pod) || pod.status.phase === 'Pending'
}

/** Deletes only the state that was judged, unless the caller named one. */
function pinned(options: DeleteOptions, { metadata }: Pod): DeleteOptions {
  return { ...options, resourceVersion: options.resourceVersion ?? metadata.resourceVersion }
}

/** Says on the pod why it goes, then deletes it (KEP-3329). */
async function markAndRemove(call: Call, options: DeleteOptions): Promise<void> {
  if (options.dryRun) {
    await removeObject(call, options)
    return
  }
  const now = formatTime(call.registry.clock.now())
  const marked = await rewrite(call, (current) => {
    checkPreconditions(call, current, options)
    const draft = mutable(current as Pod)
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'EvictionByEvictionAPI',
      message: 'Eviction API: evicting',
    } as const
    setPodCondition(draft, condition, now)
    return draft
  })
  const resourceVersion =
    options.resourceVersion === undefined ? undefined : String(marked.modRevision)
  await removeObject(call, { ...options, resourceVersion })
}

function checkPreconditions(call: Call, { metadata }: KubeObject, options: DeleteOptions): void {
  const check = (what: string, wanted: string | undefined, actual = '') => {
    if (wanted === undefined || wanted === actual) return
    throw errors.conflict(
      pods,
      call.info.name,
      `Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${actual}`,
    )
  }
  check('UID', options.uid, metadata.uid)
  check('ResourceVersion', options.resourceVersion, metadata.resourceVersion)
}
