import { Endpoints, Pod, Service, type EndpointSubset } from '#api'
import { asError } from '#base'
import { objectKey, splitKey } from '#client'
import { equalJson, hasReason } from '#machinery'
import { controller, type ControllerContext } from '../framework/controller.ts'
import { isNamespaceTerminating } from '../framework/namespace-terminating.ts'
import { OwnWrites } from '../framework/own-writes.ts'
import { changesEndpoints } from '../service-endpoints/pods.ts'
import {
  headlessLabel,
  isHeadless,
  podsOf,
  selectsEndpoints,
  servicesOf,
} from '../service-endpoints/services.ts'
import { TriggerTimes, triggerTimeAnnotation } from '../service-endpoints/trigger-times.ts'
import { subsetsOf } from './subsets.ts'
import { truncated } from './truncate.ts'

const managedByLabel = 'endpoints.kubernetes.io/managed-by'
const managedBy = 'endpoint-controller'
const overCapacityAnnotation = 'endpoints.kubernetes.io/over-capacity'
/** Locks of old leader elections, which nobody's service are. */
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader'
/** The key that stands for Endpoints whose services went while nobody looked. */
const leftoversKey = 'leftovers'

/** Keeps the Endpoints of services that select pods: what EndpointSlices came from. */
export const endpointsController = controller({
  name: 'endpoints-controller',
  account: 'endpoint-controller',
  component: 'endpoint-controller',
  setup(context) {
    const { client, queue } = context
    const triggers = new TriggerTimes()
    const own = new OwnWrites<Endpoints>()
    /** Created and not yet shown by the informer. */
    const created = new Map<string, Endpoints>()
    const services = context.watch(Service, (service) => [objectKey(service)], {
      relevant: (service, old) =>
        !equalJson(service.spec, old.spec) ||
        !equalJson(service.metadata.labels, old.metadata.labels),
    }).lister
    const pods = context.watch(Pod, (pod) => servicesOf(services, pod), {
      relevant: changesEndpoints,
    }).lister
    // Whoever writes Endpoints of their own may: only what is deleted is made again.
    const all = context.watch(Endpoints, () => [], {
      observe: {
        deleted: (endpoints) => {
          own.forget(endpoints)
          created.delete(objectKey(endpoints))
          queue.add(objectKey(endpoints))
        },
      },
    }).lister
    queue.add(leftoversKey)

    return async (key, signal) => {
      if (key === leftoversKey) {
        for (const endpoints of all.list()) {
          const isLock = Object.hasOwn(endpoints.metadata.annotations ?? {}, leaderAnnotation)
          if (!isLock) queue.add(objectKey(endpoints))
        }
        return
      }
      const service = services.getByKey(key)
      const shown = all.getByKey(key)
      if (service === undefined) {
        triggers.forget(key)
        if (shown !== undefined) await remove(context, shown, signal)
        return
      }
      if (!selectsEndpoints(service)) return
      if (shown !== undefined) created.delete(key)
      const current = shown === undefined ? created.get(key) : own.newest(shown)
      const selected = podsOf(pods, service)
      const triggerTime = triggers.next(key, service, selected)
      const next = desired(service, current, subsetsOf(service, selected), triggerTime)
      if (current !== undefined && isSettled(current, next)) return
      const endpoints = client.resource(Endpoints).namespace(splitKey(key).namespace)
      try {
        if (current === undefined) created.set(key, await endpoints.create(next, { signal }))
        else own.wrote(await endpoints.update(next, { signal }))
      } catch (error) {
        if (current === undefined && isNamespaceTerminating(error)) return
        if (hasReason(error, 'NotFound')) created.delete(key)
        const isRace = hasReason(error, 'Conflict') || hasReason(error, 'AlreadyExists')
        if (!isRace && !signal.aborted) report(context, next, current === undefined, error)
        throw error
      }
    }
  },
})

type Desired = ReturnType<typeof desired>

function desired(
  service: Service,
  current: Endpoints | undefined,
  subsets: readonly EndpointSubset[],
  triggerTime: string | undefined,
) {
  const { name, namespace, labels } = service.metadata
  const {
    [triggerTimeAnnotation]: _,
    [overCapacityAnnotation]: __,
    ...annotations
  } = current?.metadata.annotations ?? {}
  const cut = truncated(subsets)
  const { [headlessLabel]: ___, ...others } = labels ?? {}
  return {
    ...current,
    metadata: {
      ...(current === undefined ? { name, namespace } : current.metadata),
      labels: {
        ...others,
        ...(isHeadless(service) && { [headlessLabel]: '' }),
        [managedByLabel]: managedBy,
      },
      annotations: {
        ...annotations,
        ...(triggerTime !== undefined && { [triggerTimeAnnotation]: triggerTime }),
        ...(cut !== undefined && { [overCapacityAnnotation]: 'truncated' }),
      },
    },
    subsets: cut ?? subsets,
  }
}

/** Whether all is as desired; a new trigger time alone is no change. */
function isSettled({ metadata, subsets = [] }: Endpoints, next: Desired): boolean {
  const { labels, annotations } = next.metadata
  const capacity = (of: Readonly<Record<string, string>> | undefined) =>
    of?.[overCapacityAnnotation]
  return (
    equalJson(subsets, next.subsets) &&
    equalJson(metadata.labels ?? {}, labels) &&
    capacity(metadata.annotations) === capacity(annotations)
  )
}

async function remove(
  { client }: ControllerContext,
  { metadata }: Endpoints,
  signal: AbortSignal,
): Promise<void> {
  const { namespace = '', name = '', uid } = metadata
  try {
    const endpoints = client.resource(Endpoints).namespace(namespace)
    await endpoints.delete(name, { preconditions: { uid }, signal })
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error
  }
}

function report(
  { events }: ControllerContext,
  { metadata }: Desired,
  isNew: boolean,
  error: unknown,
): void {
  const { namespace = '', name = '' } = metadata
  const verb = isNew ? 'create' : 'update'
  events.record(
    { apiVersion: 'v1', kind: 'Endpoints', namespace, name },
    {
      type: 'Warning',
      reason: isNew ? 'FailedToCreateEndpoint' : 'FailedToUpdateEndpoint',
      message: `Failed to ${verb} endpoint ${namespace}/${name}: ${asError(error).message}`,
    },
  )
}
