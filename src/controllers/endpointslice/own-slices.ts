import type { EndpointSlice } from '#api'
import { OwnWrites } from '../framework/own-writes.ts'

/**
 * The slices of a service as this controller left them, which the informer may show only later.
 * Packing from an older state would fill slices twice.
 */
export class OwnSlices {
  readonly #writes = new OwnWrites<EndpointSlice>()
  /** Created and not yet shown, by service. */
  readonly #created = new Map<string, Map<string, EndpointSlice>>()
  /** Deleted and still shown. */
  readonly #deleted = new Set<string>()

  /** `shown` is what the informer has of the service's slices. */
  of(service: string, shown: readonly EndpointSlice[]): EndpointSlice[] {
    const created = this.#created.get(service)
    for (const { metadata } of shown) created?.delete(metadata.uid ?? '')
    if (created?.size === 0) this.#created.delete(service)
    return [...shown, ...(created?.values() ?? [])]
      .filter(({ metadata }) => !this.#deleted.has(metadata.uid ?? ''))
      .map((slice) => this.#writes.newest(slice))
  }

  created(service: string, slice: EndpointSlice): void {
    const created = this.#created.get(service) ?? new Map<string, EndpointSlice>()
    this.#created.set(service, created.set(slice.metadata.uid ?? '', slice))
  }

  updated(slice: EndpointSlice): void {
    this.#writes.wrote(slice)
  }

  deleted({ metadata }: EndpointSlice): void {
    this.#deleted.add(metadata.uid ?? '')
  }

  /** It is gone. */
  forget(service: string, slice: EndpointSlice): void {
    const { uid = '' } = slice.metadata
    this.#writes.forget(slice)
    this.#deleted.delete(uid)
    const created = this.#created.get(service)
    created?.delete(uid)
    if (created?.size === 0) this.#created.delete(service)
  }
}
