import { EndpointSlice, Node, Pod, Service } from '#api'
import { asError } from '#base'
import { objectKey } from '#client'
import { equalJson, hasReason } from '#machinery'
import { controller } from '../framework/controller.ts'
import { isNamespaceTerminating } from '../framework/namespace-terminating.ts'
import { byNode, nodeOfPod } from '../pods/by-node.ts'
import { changesEndpoints } from '../service-endpoints/pods.ts'
import { podsOf, selectsEndpoints, servicesOf } from '../service-endpoints/services.ts'
import { TriggerTimes, triggerTimeAnnotation } from '../service-endpoints/trigger-times.ts'
import {
  desiredEndpoints,
  familiesOf,
  managedBy,
  managedByLabel,
  serviceNameLabel,
  sliceLabels,
  zoneLabel,
} from './desired.ts'
import { OwnSlices } from './own-slices.ts'
import { SliceWriter } from './slice-writer.ts'

const byService = 'service-of-endpointslice-controller'

/** Keeps the EndpointSlices of services that select pods. */
export const endpointSliceController = controller({
  name: 'endpointslice-controller',
  account: 'endpointslice-controller',
  component: 'endpoint-slice-controller',
  setup(context) {
    const own = new OwnSlices()
    const triggers = new TriggerTimes()
    /** Services that wait for a node to become known. */
    const waiting = new Map<string, Set<string>>()
    const services = context.watch(Service, (service) => [objectKey(service)], {
      relevant: (service, old) =>
        !equalJson(service.spec, old.spec) ||
        !equalJson(service.metadata.labels, old.metadata.labels),
    }).lister
    const pods = context.watch(Pod, (pod) => servicesOf(services, pod), {
      relevant: changesEndpoints,
    })
    pods.addIndex(byNode, nodeOfPod)
    const nodes = context.watch(
      Node,
      ({ metadata: { name = '' } }) => {
        const keys = new Set(waiting.get(name))
        waiting.delete(name)
        for (const pod of pods.lister.byIndex(byNode, name)) {
          for (const key of servicesOf(services, pod)) keys.add(key)
        }
        return keys
      },
      {
        relevant: (node, old) =>
          node.metadata.labels?.[zoneLabel] !== old.metadata.labels?.[zoneLabel],
      },
    ).lister
    const slices = context.watch(EndpointSlice, serviceKeys, {
      observe: {
        deleted: (slice) => {
          for (const key of serviceKeys(slice)) own.forget(key, slice)
        },
      },
    })
    slices.addIndex(byService, serviceKeys)

    return async (key, signal) => {
      const service = services.getByKey(key)
      if (service === undefined) {
        triggers.forget(key)
        return
      }
      if (!selectsEndpoints(service)) return
      const selected = podsOf(pods.lister, service)
      const triggerTime = triggers.next(key, service, selected)
      const labels = sliceLabels(service)
      const writer = new SliceWriter(context.client, {
        key,
        owner: service,
        labels,
        annotations: (present) => withTriggerTime(present, triggerTime),
        isCurrent: ({ metadata }) => equalJson(metadata.labels, labels),
        placeholder: true,
        own,
        signal,
      })
      const existing = own
        .of(key, slices.lister.byIndex(byService, key))
        .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      const families = familiesOf(service)
      try {
        for (const family of families) {
          const nodeOf = (name: string) => nodes.get('', name)
          const { groups, missingNodes } = desiredEndpoints(service, family, selected, nodeOf)
          for (const name of missingNodes) {
            waiting.set(name, (waiting.get(name) ?? new Set()).add(key))
          }
          const ofFamily = existing.filter(({ addressType }) => addressType === family)
          await writer.write(family, groups, ofFamily)
        }
        const others = existing.filter(({ addressType }) =>
          families.every((family) => family !== addressType),
        )
        for (const slice of others) await writer.delete(slice)
      } catch (error) {
        if (isNamespaceTerminating(error)) return
        if (!hasReason(error, 'Conflict') && !signal.aborted) {
          context.events.record(service, {
            type: 'Warning',
            reason: 'FailedToUpdateEndpointSlices',
            message: `Error updating Endpoint Slices for Service ${key}: ${asError(error).message}`,
          })
        }
        throw error
      }
    }
  },
})

/** The service a slice of this controller belongs to. */
function serviceKeys({ metadata }: EndpointSlice): string[] {
  const { labels = {}, namespace = '' } = metadata
  const name = labels[serviceNameLabel] ?? ''
  return labels[managedByLabel] === managedBy && name !== '' ? [`${namespace}/${name}`] : []
}

function withTriggerTime(
  present: Readonly<Record<string, string>>,
  triggerTime: string | undefined,
): Readonly<Record<string, string>> {
  const { [triggerTimeAnnotation]: _, ...others } = present
  return triggerTime === undefined ? others : { ...others, [triggerTimeAnnotation]: triggerTime }
}
