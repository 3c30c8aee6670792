import { EndpointSlice, Node, Pod, Service } from '#api'
import { asError } from '#base'
import { objectKey, splitKey, type ResourceClient } from '#client'
import { equalJson, hasReason } from '#machinery'
import { asInput } from '../framework/as-input.ts'
import { controllerReference, isControlledBy } from '../framework/controller-ref.ts'
import { controller, type ControllerContext } from '../framework/controller.ts'
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
import { packSlices, type PortGroup } from './packing.ts'

const byService = 'service'

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
      const writer = new SliceWriter(context, { key, service, own, triggerTime, signal })
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

interface WriteOptions {
  readonly key: string
  readonly service: Service
  readonly own: OwnSlices
  readonly triggerTime: string | undefined
  readonly signal: AbortSignal
}

class SliceWriter {
  readonly #options: WriteOptions
  readonly #slices: ResourceClient<EndpointSlice, ReturnType<typeof asSlice>>

  constructor({ client }: ControllerContext, options: WriteOptions) {
    this.#options = options
    this.#slices = client.resource(EndpointSlice).namespace(splitKey(options.key).namespace)
  }

  /** Creates, then updates, then deletes, so that no endpoint is missing meanwhile. */
  async write(
    addressType: string,
    groups: readonly PortGroup[],
    existing: readonly EndpointSlice[],
  ): Promise<void> {
    const { service } = this.#options
    const ours = existing.filter((slice) => isControlledBy(slice, service))
    const plan = packSlices(groups, ours)
    if (service.metadata.deletionTimestamp === undefined) {
      for (const group of plan.create) await this.#create(addressType, group)
    }
    for (const { slice, ports, endpoints } of plan.update) {
      await this.#update(slice, { ports, endpoints })
    }
    const labels = sliceLabels(service)
    for (const slice of plan.keep) {
      if (equalJson(slice.metadata.labels, labels)) continue
      await this.#update(slice, { ports: slice.ports ?? [], endpoints: slice.endpoints ?? [] })
    }
    for (const slice of plan.delete) await this.delete(slice)
    // A service of the same name was there before.
    for (const slice of existing) if (!ours.includes(slice)) await this.delete(slice)
  }

  async delete(slice: EndpointSlice): Promise<void> {
    const { own, signal } = this.#options
    const { name = '', uid } = slice.metadata
    try {
      await this.#slices.delete(name, { preconditions: { uid }, signal })
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error
    }
    own.deleted(slice)
  }

  async #create(addressType: string, { ports, endpoints }: PortGroup): Promise<void> {
    const { key, service, own, signal } = this.#options
    const { name = '' } = service.metadata
    const created = await this.#slices.create(
      {
        metadata: {
          generateName: `${name}-`,
          labels: sliceLabels(service),
          annotations: this.#annotations({}),
          ownerReferences: [controllerReference(service)],
        },
        addressType,
        endpoints,
        ports,
      },
      { signal },
    )
    own.created(key, created)
  }

  async #update(slice: EndpointSlice, { ports, endpoints }: PortGroup): Promise<void> {
    const { key, service, own, signal } = this.#options
    const { annotations = {} } = slice.metadata
    const metadata = {
      ...slice.metadata,
      labels: sliceLabels(service),
      annotations: this.#annotations(annotations),
    }
    try {
      const next = asSlice({ ...slice, metadata, ports, endpoints })
      own.updated(await this.#slices.update(next, { signal }))
    } catch (error) {
      if (hasReason(error, 'NotFound')) own.forget(key, slice)
      throw error
    }
  }

  #annotations(present: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
    const { triggerTime } = this.#options
    const { [triggerTimeAnnotation]: _, ...others } = present
    return triggerTime === undefined ? others : { ...others, [triggerTimeAnnotation]: triggerTime }
  }
}

function asSlice(slice: EndpointSlice) {
  return asInput(EndpointSlice, slice)
}
