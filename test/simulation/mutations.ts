import type { Answer, ApiRequest, WatchAnswer, WatchEvent } from '#apiserver'
import type { Random } from '#base'
import { ConnectionError } from '#client'
import { deepFreeze, mutable, type KubeObject } from '#machinery'
import type { Answering } from '#simulation'
import type { Journal, JournalBatch } from '../../src/store/journal.ts'
import { controllerLease, schedulerLease } from './processes.ts'
import type { Mutation, MutantServices } from './scenario.ts'

/**
 * Defects to plant, each at a seam of the simulation and none of them in the product. That every
 * one of them is found says that the checkers look where it matters; a checker that is added here
 * comes with the defect it is for.
 */
export const mutations: readonly PlantedBug[] = [
  {
    name: 'the journal acknowledges before it syncs',
    finds: /not what happened next|not on the disk/,
    journal: acknowledgingEarly,
  },
  {
    name: 'the journal forgets an acknowledged batch',
    finds: /not what happened next|not on the disk/,
    journal: forgetting,
  },
  {
    name: 'a list is answered from an old state',
    finds: /a list of \d+, though \d+ was known/,
    server: answeringOldLists,
  },
  {
    name: 'a write ignores its precondition',
    finds: /counts \d+, but \d+ acknowledged/,
    server: ignoringVersions,
  },
  { name: 'a watch leaves out one event', finds: /leaves out/, server: watchWith(dropOne) },
  { name: 'a watch swaps two events', finds: /leaves out/, server: watchWith(swapTwo) },
  {
    name: 'a watch tells an event twice',
    finds: /not what happened next/,
    server: watchWith(repeatOne),
  },
  {
    name: 'a watch bookmarks what it has not told',
    finds: /a bookmark at \d+ leaves out/,
    server: watchWith(bookmarkEarly),
  },
  {
    name: 'an informer skips a deletion',
    finds: /scheduler still knows pods/,
    program: skippingDeletions,
  },
  { name: 'the scheduler sees no requests', finds: /cpu, its pods ask/, program: hidingRequests },
  {
    name: 'the deployment controller surges as it likes',
    finds: /its ReplicaSets have \d+, \d+ allowed/,
    program: surging,
  },
  {
    name: 'the deployment controller spares nobody',
    finds: /available, \d may lack/,
    program: sparingNobody,
  },
  {
    name: 'the replica set controller adopts nothing',
    finds: /was not adopted/,
    program: notAdopting,
  },
  {
    name: 'no pod is deleted by its replica set',
    finds: /has \d+ pods, \d+ wanted/,
    program: notScalingDown,
  },
  {
    name: 'a controller writes for ever',
    finds: /times without a cause/,
    program: writingForEver,
  },
  {
    name: 'a candidate does not see who leads',
    finds: /but .* leads/,
    program: (_, api) => freeing(api, () => true),
  },
  {
    name: 'a leader takes its renewals for granted',
    finds: /but .* leads/,
    program: pretendingToRenew,
  },
  {
    name: 'a candidate believes the times in the lease',
    finds: /but .* leads/,
    program: believingTimes,
  },
  {
    name: 'nobody takes over',
    finds: /not all is up/,
    program: neverTakingOver,
  },
  {
    name: 'garbage is not collected',
    finds: /outlives its owner|still being deleted/,
    controllers: without('garbage-collector-controller'),
  },
  {
    name: 'namespaces are not emptied',
    finds: /namespaces\/.* is still being deleted/,
    controllers: without('namespace-controller'),
  },
  {
    name: 'endpoints are not kept up',
    finds: /has the endpoints/,
    controllers: without('endpointslice-controller'),
  },
  {
    name: 'nodes stay tainted',
    finds: /is not ready, or tainted/,
    controllers: without('node-lifecycle-controller'),
  },
]

export interface PlantedBug extends Mutation {
  /** What it is found by, so that it is not found by chance. */
  readonly finds: RegExp
}

function without(name: string): NonNullable<Mutation['controllers']> {
  return (controller) => controller.name !== name
}

function acknowledgingEarly(inner: Journal): Journal {
  let last = Promise.resolve()
  return withAppend(inner, async (batch) => {
    last = last.then(() => inner.append(batch))
    // Whoever looks at the outcome is told later than it matters.
    last.catch(() => {})
  })
}

function forgetting(inner: Journal): Journal {
  let appends = 0
  return withAppend(inner, async (batch) => {
    appends++
    if (appends % 100 !== 0) await inner.append(batch)
  })
}

function withAppend(inner: Journal, append: (batch: JournalBatch) => Promise<void>): Journal {
  return {
    open: (onFailure) => inner.open(onFailure),
    append,
    records: () => inner.records(),
    readRange: (request) => inner.readRange(request),
    readChanges: (request) => inner.readChanges(request),
    revisionAt: (timeMs) => inner.revisionAt(timeMs),
    compactSlice: (request) => inner.compactSlice(request),
    usage: () => inner.usage(),
    reclaim: () => inner.reclaim(),
    close: () => inner.close(),
  }
}

function answeringOldLists(api: Answering): Answering {
  const old = new Map<string, Answer>()
  return {
    async answer(request) {
      const answer = await api.answer(request)
      if (answer.type !== 'list' || request.query.has('continue')) return answer
      const whole = { ...answer, items: [...answer.items] }
      const known = old.get(request.path)
      old.set(request.path, whole)
      return known ?? whole
    },
  }
}

function ignoringVersions(api: Answering): Answering {
  return {
    answer(request) {
      const { body } = request
      const applies = request.method === 'PUT' && request.path.includes('/configmaps/')
      if (!applies || body.type !== 'value') return api.answer(request)
      const value = draftOf(body.value)
      Reflect.deleteProperty(value.metadata, 'resourceVersion')
      return api.answer({ ...request, body: { type: 'value', value } })
    },
  }
}

type Edit = (events: readonly WatchEvent[], random: Random) => readonly WatchEvent[]

const editRate = 0.02

/** Now and then a delivery of two events or more, or of one, is changed. */
function watchWith(edit: Edit): NonNullable<Mutation['server']> {
  return (api, random) => ({
    async answer(request) {
      const answer = await api.answer(request)
      if (answer.type !== 'watch') return answer
      return editing(answer, (events) =>
        random.fraction() < editRate ? edit(events, random) : events,
      )
    },
  })
}

function dropOne(events: readonly WatchEvent[], random: Random): readonly WatchEvent[] {
  return events.toSpliced(random.integer(events.length), 1)
}

function swapTwo(events: readonly WatchEvent[]): readonly WatchEvent[] {
  return events.toReversed()
}

function repeatOne(events: readonly WatchEvent[]): readonly WatchEvent[] {
  const last = events.at(-1)
  return last === undefined ? events : [...events, last]
}

function bookmarkEarly(events: readonly WatchEvent[]): readonly WatchEvent[] {
  const last = events.at(-1)
  return last === undefined ? events : [{ ...last, type: 'BOOKMARK' }, ...events]
}

/** What the program's own watch machinery would do wrong: behind the checker of calls. */
function skippingDeletions(name: string, api: Answering, { random }: MutantServices): Answering {
  if (!name.startsWith(schedulerLease)) return api
  return {
    async answer(request) {
      const answer = await api.answer(request)
      if (answer.type !== 'watch') return answer
      return editing(answer, (events) =>
        events.filter(({ type }) => type !== 'DELETED' || random.integer(10) > 0),
      )
    },
  }
}

/** And one node that takes any pods, so that they meet there. */
function hidingRequests(name: string, api: Answering): Answering {
  if (!name.startsWith(schedulerLease)) return api
  const onlyOne = seeing(api, 'nodes', ({ metadata, spec }) => {
    if (spec !== undefined) spec['unschedulable'] = metadata.name !== 'simulated-0'
  })
  return seeing(onlyOne, 'pods', (pod) => {
    for (const container of listOf(pod.spec?.['containers'])) container['resources'] = {}
  })
}

function surging(name: string, api: Answering): Answering {
  return rollingWith(name, api, { maxSurge: 50, maxUnavailable: 0 })
}

function sparingNobody(name: string, api: Answering): Answering {
  return rollingWith(name, api, { maxSurge: 0, maxUnavailable: 50 })
}

function rollingWith(name: string, api: Answering, rollingUpdate: object): Answering {
  if (!name.startsWith(controllerLease)) return api
  return seeing(api, 'deployments', ({ spec }) => {
    if (spec !== undefined) spec['strategy'] = { type: 'RollingUpdate', rollingUpdate }
  })
}

/** Its patches of pods are answered as if they had been made. */
function notAdopting(name: string, api: Answering): Answering {
  return pretending(name, api, 'PATCH')
}

function notScalingDown(name: string, api: Answering): Answering {
  return pretending(name, api, 'DELETE')
}

function pretending(name: string, api: Answering, method: string): Answering {
  if (!name.startsWith(controllerLease)) return api
  const concerns = ({ path, peer, ...request }: ApiRequest) =>
    request.method === method &&
    path.includes('/pods/') &&
    peer.user?.name.endsWith(':replicaset-controller') === true
  return {
    answer: (request) =>
      api.answer(
        concerns(request)
          ? { ...request, method: 'GET', body: { type: 'value', value: undefined } }
          : request,
      ),
  }
}

/** The controller sees no status of its own, and writes one that differs each time. */
function writingForEver(name: string, api: Answering, { clock }: MutantServices): Answering {
  if (!name.startsWith(controllerLease)) return api
  let writes = 0
  const restless: Answering = {
    async answer(request) {
      const { path, body } = request
      const isStatus = path.includes('/deployments/') && path.endsWith('/status')
      if (!isStatus || body.type !== 'value') return api.answer(request)
      await clock.sleep(1_000)
      const value = draftOf(body.value)
      const { annotations } = value.metadata
      Object.assign(value.metadata, { annotations: { ...annotations, writes: String(writes++) } })
      return api.answer({ ...request, body: { type: 'value', value } })
    },
  }
  return seeing(restless, 'deployments', ({ status }) => {
    if (status !== undefined) status['observedGeneration'] = 0
  })
}

const isLease = ({ path }: ApiRequest) => path.includes('/namespaces/kube-system/leases/')

/** Of every call to renew that fails, the candidate hears that it has succeeded. */
function pretendingToRenew(_: string, api: Answering): Answering {
  let last: Answer | undefined
  return {
    async answer(request) {
      if (!isLease(request) || request.method !== 'PUT') return api.answer(request)
      const answer = await api.answer(request).catch((error: unknown) => {
        if (last === undefined) throw error
        return last
      })
      if (answer.type !== 'object') return last ?? answer
      last = answer
      return answer
    },
  }
}

/** Who looks at the times in the lease, though they are another clock's, finds it expired. */
function believingTimes(_: string, api: Answering, { clock }: MutantServices): Answering {
  return freeing(api, ({ spec = {} }) => {
    const expiresAtMs = Date.parse(String(spec['renewTime'])) + leaseMs
    return expiresAtMs < clock.now()
  })
}

const leaseMs = 15_000

/** Where `isFree`, a lease is seen without the one who holds it. */
function freeing(api: Answering, isFree: (lease: Draft) => boolean): Answering {
  return {
    async answer(request) {
      const answer = await api.answer(request)
      if (!isLease(request) || request.method !== 'GET' || answer.type !== 'object') return answer
      const lease = draftOf(answer.served.object())
      if (isFree(lease)) Reflect.deleteProperty(lease.spec ?? {}, 'holderIdentity')
      const object: KubeObject = deepFreeze(lease)
      return { ...answer, served: { ...answer.served, object: () => object } }
    },
  }
}

/** A lease that was another's cannot be had. */
function neverTakingOver(_: string, api: Answering): Answering {
  let had: number | undefined
  return {
    async answer(request) {
      const { body, method } = request
      if (!isLease(request) || method !== 'PUT' || body.type !== 'value') return api.answer(request)
      const transitions = Number(draftOf(body.value).spec?.['leaseTransitions'])
      if (transitions > (had ?? 0)) throw new ConnectionError('Unreachable', 'planted')
      had = transitions
      return api.answer(request)
    },
  }
}

interface Draft extends KubeObject {
  readonly metadata: KubeObject['metadata'] & Record<string, unknown>
  readonly spec?: Record<string, unknown>
  readonly status?: Record<string, unknown>
}

/** A program that gets objects of a kind differently from what they are. */
function seeing(api: Answering, plural: string, change: (draft: Draft) => void): Answering {
  const changed = (served: WatchEvent['served']) => {
    const draft = draftOf(served.object())
    change(draft)
    // The in-process transport asks for nothing else.
    const object: KubeObject = deepFreeze(draft)
    return { ...served, object: () => object }
  }
  return {
    async answer(request) {
      const answer = await api.answer(request)
      if (!request.path.endsWith(`/${plural}`)) return answer
      if (answer.type === 'list') return { ...answer, items: [...answer.items].map(changed) }
      if (answer.type !== 'watch') return answer
      return editing(answer, (events) =>
        events.map((event) =>
          event.type === 'BOOKMARK' ? event : { ...event, served: changed(event.served) },
        ),
      )
    },
  }
}

function editing(
  answer: WatchAnswer,
  edit: (events: readonly WatchEvent[]) => readonly WatchEvent[],
): WatchAnswer {
  return {
    ...answer,
    open: (sink) =>
      answer.open({
        events: (events) => sink.events(edit(events)),
        end: (error) => sink.end(error),
      }),
  }
}

/** A copy to be changed; only whole objects come this way. */
function draftOf(object: unknown): Draft {
  return mutable(object) as Draft
}

function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value : []
}
