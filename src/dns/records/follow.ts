import { EndpointSlice, Namespace, Service } from '#api'
import type { Clock } from '#base'
import type { Informers } from '#client'
import { ServiceIndex } from './service-index.ts'

/** An index that follows the cluster's objects. */
export interface Followed {
  readonly index: ServiceIndex
  readonly synced: boolean
  /** Rejects when the informers are stopped, or with the signal's reason. */
  whenSynced(signal?: AbortSignal): Promise<void>
  stop(): void
}

export function followObjects(informers: Informers, clock: Clock): Followed {
  const index = new ServiceIndex()
  const services = informers.of(Service)
  const slices = informers.of(EndpointSlice)
  const namespaces = informers.of(Namespace)
  const ends = [
    namespaces.addHandler({
      added: ({ metadata }) => index.setNamespace(metadata.name ?? '', clock.now()),
      deleted: ({ metadata }) => index.deleteNamespace(metadata.name ?? '', clock.now()),
    }),
    services.addHandler({
      added: (service) => index.setService(service, clock.now()),
      updated: (service) => index.setService(service, clock.now()),
      deleted: (service) => index.deleteService(service, clock.now()),
    }),
    slices.addHandler({
      added: (slice) => index.setSlice(slice, undefined, clock.now()),
      updated: (slice, old) => index.setSlice(slice, old, clock.now()),
      deleted: (slice) => index.deleteSlice(slice, clock.now()),
    }),
  ]
  const all = [services, slices, namespaces]
  return {
    index,
    get synced() {
      return all.every((informer) => informer.synced)
    },
    async whenSynced(signal) {
      await Promise.all(all.map((informer) => informer.whenSynced(signal)))
    },
    stop() {
      for (const end of ends) end()
    },
  }
}
