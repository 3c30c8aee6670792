import { EndpointSlice } from '#api'
import { splitKey, type Client, type ResourceClient } from '#client'
import { hasReason, type KubeObject } from '#machinery'
import { asInput } from '../framework/as-input.ts'
import { controllerReference, isControlledBy } from '../framework/controller-ref.ts'
import type { OwnSlices } from './own-slices.ts'
import { packSlices, type PortGroup } from './packing.ts'

type Texts = Readonly<Record<string, string>>

export interface SliceWriterOptions {
  /** namespace/name of the owner. */
  readonly key: string
  /** What the slices are made of and go with. */
  readonly owner: KubeObject
  readonly labels: Texts
  /** The annotations of a slice that is written, from those it has. */
  readonly annotations: (present: Texts) => Texts
  /** Whether a slice whose endpoints are right needs no writing. */
  readonly isCurrent: (slice: EndpointSlice) => boolean
  /** Whether an empty slice tells that there are no endpoints. */
  readonly placeholder: boolean
  readonly own: OwnSlices
  readonly signal: AbortSignal
}

/** Makes the slices of one owner what they should be, with few writes. */
export class SliceWriter {
  readonly #options: SliceWriterOptions
  readonly #slices: ResourceClient<EndpointSlice, ReturnType<typeof asSlice>>

  constructor(client: Client, options: SliceWriterOptions) {
    this.#options = options
    this.#slices = client.resource(EndpointSlice).namespace(splitKey(options.key).namespace)
  }

  /** Creates, then updates, then deletes, so that no endpoint is missing meanwhile. */
  async write(
    addressType: string,
    groups: readonly PortGroup[],
    existing: readonly EndpointSlice[],
  ): Promise<void> {
    const { owner, placeholder, isCurrent } = this.#options
    const ours = existing.filter((slice) => isControlledBy(slice, owner))
    const plan = packSlices(groups, ours, { placeholder })
    if (owner.metadata.deletionTimestamp === undefined) {
      for (const group of plan.create) await this.#create(addressType, group)
    }
    for (const { slice, ports, endpoints } of plan.update) {
      await this.#update(slice, { ports, endpoints })
    }
    for (const slice of plan.keep) {
      if (isCurrent(slice)) continue
      await this.#update(slice, { ports: slice.ports ?? [], endpoints: slice.endpoints ?? [] })
    }
    for (const slice of plan.delete) await this.delete(slice)
    // An owner of the same name was there before.
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
    const { key, owner, labels, annotations, own, signal } = this.#options
    const { name = '' } = owner.metadata
    const created = await this.#slices.create(
      {
        metadata: {
          generateName: `${name}-`,
          labels,
          annotations: annotations({}),
          ownerReferences: [controllerReference(owner)],
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
    const { key, labels, annotations, own, signal } = this.#options
    const metadata = {
      ...slice.metadata,
      labels,
      annotations: annotations(slice.metadata.annotations ?? {}),
    }
    try {
      const next = asSlice({ ...slice, metadata, ports, endpoints })
      own.updated(await this.#slices.update(next, { signal }))
    } catch (error) {
      if (hasReason(error, 'NotFound')) own.forget(key, slice)
      throw error
    }
  }
}

function asSlice(slice: EndpointSlice) {
  return asInput(EndpointSlice, slice)
}
