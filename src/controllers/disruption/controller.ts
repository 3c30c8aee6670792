import { Pod, PodDisruptionBudget } from '#api'
import { asError } from '#base'
import { objectKey, splitKey, type Lister } from '#client'
import { equalJson, hasReason } from '#machinery'
import { asInput } from '../framework/as-input.ts'
import { controllerOf } from '../framework/controller-ref.ts'
import { controller, type ControllerContext, type Outcome } from '../framework/controller.ts'
import { OwnWrites } from '../framework/own-writes.ts'
import { selectorOf } from '../framework/selector-of.ts'
import { isPodReady, podCondition } from '../pods/pod-state.ts'
import { changedCondition, patchPodStatus } from '../pods/status-patch.ts'
import {
  budgetStatus,
  demandOf,
  disruptedPods,
  failedStatus,
  healthyPods,
  needsScale,
} from './budget.ts'
import { OwnerScales } from './scales.ts'
import { disruptionTargetStaleInMs } from './stale-target.ts'

/** Keys of pods; all others are those of budgets. */
const podPrefix = 'pods/'

/**
 * Tells in the status of PodDisruptionBudgets how many of their pods may be evicted now, and takes
 * the mark of a disruption from pods that were not deleted after all.
 */
export const disruptionController = controller({
  name: 'disruption-controller',
  account: 'disruption-controller',
  component: 'controllermanager',
  setup(context) {
    const own = new OwnWrites<PodDisruptionBudget>()
    const budgets = context.watch(PodDisruptionBudget, (budget) => [objectKey(budget)], {
      observe: { deleted: (budget) => own.forget(budget) },
    }).lister
    const pods: Lister<Pod> = context.watch(Pod, (pod) => keysOf(context, budgets, pod), {
      relevant: changesBudget,
    }).lister
    const scales = new OwnerScales(context)

    return async (key, signal) => {
      if (key.startsWith(podPrefix)) {
        const pod = pods.getByKey(key.slice(podPrefix.length))
        return pod === undefined ? undefined : unmark(context, pod)
      }
      const shown = budgets.getByKey(key)
      if (shown === undefined) return
      return new BudgetSync(context, { scales, pods, own, signal }).run(own.newest(shown))
    }
  },
})

function keysOf({ clock }: ControllerContext, budgets: Lister<PodDisruptionBudget>, pod: Pod) {
  const { namespace = '', labels } = pod.metadata
  const keys: string[] = []
  for (const budget of budgets.list(namespace)) {
    if (selectorOf(budget.spec.selector).matches(labels)) keys.push(objectKey(budget))
  }
  const isMarked = disruptionTargetStaleInMs(pod, clock.now()) !== undefined
  if (isMarked) keys.push(`${podPrefix}${objectKey(pod)}`)
  return keys
}

/** Whether a change of a pod can make a difference to budgets, or is a mark. */
function changesBudget(pod: Pod, old: Pod): boolean {
  const target = (of: Pod) => podCondition(of, 'DisruptionTarget')?.status
  return (
    isPodReady(pod) !== isPodReady(old) ||
    pod.metadata.deletionTimestamp !== old.metadata.deletionTimestamp ||
    controllerOf(pod)?.uid !== controllerOf(old)?.uid ||
    target(pod) !== target(old) ||
    !equalJson(pod.metadata.labels, old.metadata.labels)
  )
}

async function unmark(context: ControllerContext, pod: Pod): Promise<Outcome | undefined> {
  const { client, clock } = context
  const nowMs = clock.now()
  const staleInMs = disruptionTargetStaleInMs(pod, nowMs)
  if (staleInMs === undefined) return
  if (staleInMs > 0) return { againAfterMs: staleInMs }
  const change = { type: 'DisruptionTarget', status: 'False' } as const
  const condition = changedCondition(pod, change, nowMs)
  if (condition === undefined) return
  try {
    await patchPodStatus(client, pod, {
      condition: { ...condition, reason: '', message: '' },
    })
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error
  }
  return
}

interface SyncOptions {
  readonly scales: OwnerScales
  readonly pods: Lister<Pod>
  readonly own: OwnWrites<PodDisruptionBudget>
  readonly signal: AbortSignal
}

class BudgetSync {
  readonly #context: ControllerContext
  readonly #options: SyncOptions

  constructor(context: ControllerContext, options: SyncOptions) {
    this.#context = context
    this.#options = options
  }

  async run(budget: PodDisruptionBudget): Promise<Outcome | undefined> {
    try {
      return await this.#sync(budget)
    } catch (caught) {
      this.#options.signal.throwIfAborted()
      // Somebody evicted meanwhile, and what is right is to be found out again.
      if (hasReason(caught, 'Conflict')) throw caught
      if (hasReason(caught, 'NotFound')) return
      const { message } = asError(caught)
      await this.#write(budget, failedStatus(budget, message, this.#context.clock.now()))
      return
    }
  }

  async #sync(budget: PodDisruptionBudget): Promise<Outcome | undefined> {
    const nowMs = this.#context.clock.now()
    const { namespace = '', name = '' } = budget.metadata
    const pods = this.#options.pods.list(namespace, selectorOf(budget.spec.selector))
    if (pods.length === 0) this.#tell(budget, 'Normal', 'NoPods', 'No matching pods found')
    const demand = demandOf(budget, pods.length, await this.#expected(budget, pods))
    const disrupted = disruptedPods(budget, pods, nowMs)
    for (const pod of disrupted.late) {
      const message = `Pod was expected by PDB ${namespace}/${name} to be deleted but it wasn't`
      this.#tell(pod, 'Warning', 'NotDeleted', message)
    }
    const healthy = healthyPods(pods, disrupted.pods)
    await this.#write(budget, budgetStatus(budget, demand, healthy, disrupted.pods, nowMs))
    return { againAfterMs: disrupted.againAfterMs }
  }

  async #expected(budget: PodDisruptionBudget, pods: readonly Pod[]): Promise<number> {
    if (!needsScale(budget)) return pods.length
    const { scales, signal } = this.#options
    try {
      const expected = await scales.expected(pods, signal)
      if (expected.unmanaged.length > 0) {
        const selector = selectorOf(budget.spec.selector).toString()
        const message = `Pods selected by this PodDisruptionBudget (selector: ${selector}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`
        this.#tell(budget, 'Warning', 'UnmanagedPods', message)
      }
      return expected.pods
    } catch (error) {
      if (signal.aborted) throw error
      const message = `Failed to calculate the number of expected pods: ${asError(error).message}`
      this.#tell(budget, 'Warning', 'CalculateExpectedPodCountFailed', message)
      throw error
    }
  }

  async #write(
    budget: PodDisruptionBudget,
    status: PodDisruptionBudget['status'] | undefined,
  ): Promise<void> {
    if (status === undefined) return
    const { own, signal } = this.#options
    const { namespace } = splitKey(objectKey(budget))
    const budgets = this.#context.client.resource(PodDisruptionBudget).namespace(namespace)
    const next = asInput(PodDisruptionBudget, { ...budget, status })
    own.wrote(await budgets.updateStatus(next, { signal }))
  }

  #tell(
    about: Pod | PodDisruptionBudget,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
  ): void {
    this.#context.events.record(about, { type, reason, message })
  }
}
