import { parseQuantity, scaledValue, type IntOrString } from '#machinery'
import type { Report } from './call-checker.ts'
import type { Change, History, StoredObject } from './history.ts'

export const prefixes = {
  deployments: '/registry/deployments/',
  endpointSlices: '/registry/endpointslices/',
  namespaces: '/registry/namespaces/',
  nodes: '/registry/minions/',
  pods: '/registry/pods/',
  replicaSets: '/registry/replicasets/',
  services: '/registry/services/specs/',
} as const

/**
 * What must hold after every single change that reaches the disk:
 *
 * - The pods of a node never ask for more than it has.
 * - A ReplicaSet never grows beyond what its Deployment may have: replicas and maxSurge together.
 * - A Deployment that was as it should be never falls below replicas less maxUnavailable, whatever
 *   its template does, as long as nobody but its own controllers touches its pods.
 */
export class Invariants {
  readonly #history: History
  readonly #report: Report
  /** Deployments, by uid, that have been well since they were last disturbed. */
  readonly #well = new Set<string>()
  #disturbances = 0

  constructor(history: History, report: Report) {
    this.#history = history
    this.#report = report
  }

  /** Somebody takes pods away until `done`: what was well may now fall below its minimum. */
  async disturb(done: Promise<unknown> = Promise.resolve()): Promise<void> {
    this.#disturbances++
    this.#well.clear()
    await Promise.allSettled([done])
    this.#disturbances--
  }

  heard(change: Change): void {
    if (change.key.startsWith(prefixes.pods)) {
      this.#checkNode(change)
      this.#checkAvailable(this.#deploymentOfPod(change.object))
    } else if (change.key.startsWith(prefixes.replicaSets)) {
      // A ReplicaSet that goes takes its pods along, or lets them go.
      const goes = change.object.metadata.deletionTimestamp !== undefined
      if (goes) this.#well.delete(controllerOf(change.object)?.uid ?? '')
      this.#checkSurge(change)
    } else if (change.key.startsWith(prefixes.deployments)) {
      const { uid, object, previous } = change
      if (replicasOf(object) !== replicasOf(previous?.object)) this.#well.delete(uid)
      if (change.type === 'delete') this.#well.delete(uid)
    } else if (change.key.startsWith(prefixes.nodes)) {
      if (!isWell(change.object)) this.#well.clear()
    }
  }

  #checkNode(change: Change): void {
    const node = nodeOf(change.object)
    if (change.type === 'delete' || node === undefined) return
    if (node === nodeOf(change.previous?.object)) return
    const pods = this.#history
      .standing(prefixes.pods)
      .filter(({ object }) => nodeOf(object) === node && !isOver(object))
    const there = this.#history.at(`${prefixes.nodes}${node}`, change.revision)
    if (there?.type !== 'put') return
    const allocatable = record(there.object.status?.['allocatable'])
    for (const resource of ['cpu', 'memory']) {
      const used = sum(pods.map(({ object }) => requested(object, resource)))
      const room = milli(allocatable[resource])
      if (used > room) {
        this.#report(`${change.key}: node ${node} has ${room} m ${resource}, its pods ask ${used}`)
      }
    }
    if (pods.length > milli(allocatable['pods']) / 1000) {
      this.#report(`${change.key}: node ${node} has ${pods.length} pods`)
    }
  }

  #checkSurge(change: Change): void {
    if (change.type === 'delete') return
    if (replicasOf(change.object) <= replicasOf(change.previous?.object)) return
    const deployment = this.#standing(prefixes.deployments, controllerOf(change.object)?.uid)
    if (deployment === undefined) return
    const sets = this.#replicaSetsOf(deployment.uid)
    const present = sum(sets.map(({ object }) => replicasOf(object)))
    // The controller may not have seen the newest specification yet.
    const observed = Number(deployment.object.status?.['observedGeneration'] ?? 0)
    const allowed = this.#history
      .ofKey(deployment.key)
      .filter(
        ({ uid, object }) =>
          uid === deployment.uid && (object.metadata.generation ?? 0) >= observed,
      )
      .map(({ object }) => replicasOf(object) + rollingLimits(object).surge)
    const most = Math.max(...allowed)
    if (present > most) {
      this.#report(`${deployment.key}: its ReplicaSets have ${present}, ${most} allowed`)
    }
  }

  #checkAvailable(deployment: Change | undefined): void {
    if (deployment === undefined) return
    const { uid, object, key } = deployment
    if (object.metadata.deletionTimestamp !== undefined) return
    const namespace = this.#history.at(
      `${prefixes.namespaces}${object.metadata.namespace}`,
      Infinity,
    )
    if (namespace?.object.metadata.deletionTimestamp !== undefined) return
    const replicas = replicasOf(object)
    const sets = this.#replicaSetsOf(uid)
    const nodesAreWell = this.#history.standing(prefixes.nodes).every((node) => isWell(node.object))
    if (!nodesAreWell || this.#disturbances > 0) return void this.#well.delete(uid)
    const available = sets.map((set) => ({ set, count: this.#availableOf(set.uid) }))
    // Pods that were told to go, but have not heard of it, are there without being meant to.
    const lasting = sum(available.map(({ set, count }) => Math.min(count, replicasOf(set.object))))
    if (lasting >= replicas) this.#well.add(uid)
    const { unavailable, recreates } = rollingLimits(object)
    if (!this.#well.has(uid) || recreates) return
    const there = sum(available.map(({ count }) => count))
    if (there < replicas - unavailable) {
      this.#report(`${key}: ${there} of ${replicas} available, ${unavailable} may lack`)
      this.#well.delete(uid)
    }
  }

  #availableOf(replicaSet: string): number {
    return this.#history
      .standing(prefixes.pods)
      .filter(({ object }) => controllerOf(object)?.uid === replicaSet && isAvailable(object))
      .length
  }

  #deploymentOfPod(pod: StoredObject): Change | undefined {
    const set = this.#standing(prefixes.replicaSets, controllerOf(pod)?.uid)
    return this.#standing(prefixes.deployments, set && controllerOf(set.object)?.uid)
  }

  #replicaSetsOf(uid: string): Change[] {
    return this.#history
      .standing(prefixes.replicaSets)
      .filter(({ object }) => controllerOf(object)?.uid === uid)
  }

  #standing(prefix: string, uid: string | undefined): Change | undefined {
    if (uid === undefined) return undefined
    return this.#history.standing(prefix).find((each) => each.uid === uid)
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}

export function controllerOf(object: StoredObject) {
  return object.metadata.ownerReferences?.find(({ controller }) => controller === true)
}

export function replicasOf(object: StoredObject | undefined): number {
  return Number(object?.spec?.['replicas'] ?? 0)
}

/** Runs, is ready and was not told to stop. */
export function isAvailable(pod: StoredObject): boolean {
  return pod.metadata.deletionTimestamp === undefined && conditionOf(pod, 'Ready') === 'True'
}

export function isOver(pod: StoredObject): boolean {
  return pod.status?.['phase'] === 'Succeeded' || pod.status?.['phase'] === 'Failed'
}

/** Ready, without taints. */
export function isWell(node: StoredObject): boolean {
  const taints = node.spec?.['taints']
  const tainted = Array.isArray(taints) && taints.length > 0
  return !tainted && conditionOf(node, 'Ready') === 'True'
}

export function nodeOf(pod: StoredObject | undefined): string | undefined {
  const name = pod?.spec?.['nodeName']
  return typeof name === 'string' && name !== '' ? name : undefined
}

function conditionOf(object: StoredObject, type: string): unknown {
  const conditions = object.status?.['conditions']
  if (!Array.isArray(conditions)) return undefined
  return record(conditions.find((each) => record(each)['type'] === type))['status']
}

export function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

/** How a Deployment may roll; defaults are stored, so everything is there. */
function rollingLimits(deployment: StoredObject) {
  const strategy = record(deployment.spec?.['strategy'])
  if (strategy['type'] === 'Recreate') return { surge: 0, unavailable: 0, recreates: true }
  const rolling = record(strategy['rollingUpdate'])
  const replicas = replicasOf(deployment)
  const surge = scaledValue(limitOf(rolling['maxSurge']), replicas, true)
  const unavailable = scaledValue(limitOf(rolling['maxUnavailable']), replicas, false)
  const stuck = surge === 0 && unavailable === 0
  return { surge, unavailable: stuck ? 1 : unavailable, recreates: false }
}

function limitOf(value: unknown): IntOrString {
  return typeof value === 'number' || typeof value === 'string' ? value : 0
}

function requested(pod: StoredObject, resource: string): number {
  const containers = pod.spec?.['containers']
  if (!Array.isArray(containers)) return 0
  const requests = containers.map((container) =>
    record(record(record(container)['resources'])['requests']),
  )
  return sum(requests.map((each) => milli(each[resource])))
}

function milli(quantity: unknown): number {
  return typeof quantity === 'string' ? parseQuantity(quantity).toMilli() : 0
}
