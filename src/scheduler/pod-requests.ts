import {
  addResources,
  aggregateContainers,
  isPodLevelResource,
  type Container,
  type Pod,
} from '#api'
import type { Quantity } from '#machinery'

/** Amounts in the units of the node table: thousandths of a CPU, else whole units (bytes). */
export type Amounts = ReadonlyMap<string, number>

/** What a container that asks for none of it is taken to use when nodes are scored. */
const defaults: Readonly<Record<string, string>> = { cpu: '100m', memory: '200Mi' }

/**
 * What a pod takes of its node: containers, sidecars and init containers together (KEP-753), the
 * pod's own requests where it has some (KEP-2837), its overhead, and of a pod being resized the
 * larger one of what it has and what it wants (KEP-1287).
 */
export function podRequests(pod: Pod): Amounts {
  return total(pod, (requests) => requests)
}

/**
 * The same for scoring: containers without a request count as small, so that many pods without
 * requests do not gather on one node.
 */
export function podRequestsForScoring(pod: Pod): Amounts {
  return total(pod, (requests) => ({ ...defaults, ...requests }))
}

type Requests = Readonly<Record<string, string>>

function total(pod: Pod, adjust: (requests: Requests) => Requests): Amounts {
  const { spec } = pod
  const effective = (containers: readonly Container[] | null | undefined) =>
    (containers ?? []).map((container) => ({
      restartPolicy: container.restartPolicy,
      resources: { requests: adjust(effectiveRequests(pod, container)) },
    }))
  const sum = new Map(
    aggregateContainers(
      { containers: effective(spec.containers), initContainers: effective(spec.initContainers) },
      'requests',
    ),
  )
  for (const [name, amount] of Object.entries(spec.resources?.requests ?? {})) {
    if (!isPodLevelResource(name)) continue
    sum.delete(name)
    addResources(sum, { [name]: amount })
  }
  addResources(sum, spec.overhead)
  return new Map([...sum].map(([name, quantity]) => [name, amountOf(name, quantity)]))
}

/** Beyond this, sums of amounts would no longer be exact; no node has so much of anything. */
const amountMax = 2 ** 50

export function amountOf(name: string, quantity: Quantity): number {
  const amount = name === 'cpu' ? quantity.toMilli() : quantity.toInteger()
  return Math.min(amount, amountMax)
}

function effectiveRequests(pod: Pod, container: Container): Requests {
  const { requests = {} } = container.resources
  const status = statusOf(pod, container.name)
  if (status === undefined) return requests
  const lists = [status.resources?.requests ?? {}, status.allocatedResources ?? {}]
  if (!isInfeasible(pod)) lists.push(requests)
  return largest(lists)
}

function statusOf({ status }: Pod, name: string) {
  const of = (list: typeof status.containerStatuses) => list?.find((one) => one.name === name)
  const found = of(status.containerStatuses) ?? of(status.initContainerStatuses)
  const known = found?.resources !== undefined || found?.allocatedResources !== undefined
  return known ? found : undefined
}

/** The node cannot give what the pod asks for now, so the asking takes nothing. */
export function isInfeasible({ status }: Pod): boolean {
  return (status.conditions ?? []).some(
    ({ type, reason }) => type === 'PodResizePending' && reason === 'Infeasible',
  )
}

function largest(lists: readonly Requests[]): Requests {
  const peak = new Map<string, Quantity>()
  for (const list of lists) {
    const amounts = new Map<string, Quantity>()
    addResources(amounts, list)
    for (const [name, quantity] of amounts) {
      const before = peak.get(name)
      if (before === undefined || before.compare(quantity) < 0) peak.set(name, quantity)
    }
  }
  return Object.fromEntries([...peak].map(([name, quantity]) => [name, quantity.toString()]))
}
