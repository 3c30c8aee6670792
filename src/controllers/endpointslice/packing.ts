import type { Endpoint, EndpointSlicePort } from '#api'
import { equalJson } from '#machinery'

/** Upstream's default. */
export const endpointsPerSliceMax = 100

/** Endpoints that serve the same ports. */
export interface PortGroup {
  readonly ports: readonly EndpointSlicePort[]
  readonly endpoints: readonly Endpoint[]
}

/** A slice that is there, as far as packing goes. */
export interface PackedSlice {
  readonly endpoints: readonly Endpoint[] | null
  readonly ports: readonly EndpointSlicePort[] | null
}

export interface Packing<S> {
  readonly create: readonly PortGroup[]
  readonly update: readonly (PortGroup & { readonly slice: S })[]
  readonly delete: readonly S[]
  /** Those whose endpoints are as they should be. */
  readonly keep: readonly S[]
}

export interface PackingOptions {
  readonly perSliceMax?: number
  /** Nothing is told by an empty slice, else by none. Default true. */
  readonly placeholder?: boolean
}

/**
 * Spreads the endpoints of one service and address family over slices so that few slices change:
 * an endpoint stays where it is; new ones go to slices that change anyway, then all into one that
 * has room for them, then into new ones. Slices that fall empty are deleted, or taken for what
 * would otherwise be created. Where nothing is to be told, an empty slice tells that.
 */
export function packSlices<S extends PackedSlice>(
  groups: readonly PortGroup[],
  existing: readonly S[],
  { perSliceMax = endpointsPerSliceMax, placeholder = true }: PackingOptions = {},
): Packing<S> {
  const wanted = new Map(groups.map((group) => [portsKey(group.ports), group]))
  const known = Map.groupBy(existing, ({ ports }) => portsKey(ports ?? []))
  const create: PortGroup[] = []
  const update: (PortGroup & { slice: S })[] = []
  const unused: S[] = []
  const keep: S[] = []
  for (const key of new Set([...known.keys(), ...wanted.keys()])) {
    const group = wanted.get(key)
    const slices = known.get(key) ?? []
    if (group === undefined) {
      unused.push(...slices)
      continue
    }
    const packed = packGroup(group, slices, perSliceMax)
    create.push(...packed.create)
    update.push(...packed.update)
    unused.push(...packed.unused)
    keep.push(...packed.keep)
  }
  if (placeholder && keep.length + update.length + create.length === 0) {
    const empty = unused.findIndex((slice) => isPlaceholder(slice))
    if (empty === -1) create.push({ ports: [], endpoints: [] })
    else keep.push(...unused.splice(empty, 1))
  }
  while (create.length > 0 && unused.length > 0) {
    const group = create.pop()
    const slice = unused.shift()
    if (group !== undefined && slice !== undefined) update.push({ ...group, slice })
  }
  return { create, update, delete: unused, keep }
}

function packGroup<S extends PackedSlice>(
  { ports, endpoints }: PortGroup,
  slices: readonly S[],
  perSliceMax: number,
) {
  const missing = new Map(endpoints.map((endpoint) => [endpointKey(endpoint), endpoint]))
  const unchanged: S[] = []
  const changed: { slice: S; endpoints: Endpoint[] }[] = []
  const unused: S[] = []
  for (const slice of slices) {
    const before = slice.endpoints ?? []
    const after: Endpoint[] = []
    let differs = false
    for (const endpoint of before) {
      const key = endpointKey(endpoint)
      const now = missing.get(key)
      if (now === undefined) continue
      after.push(now)
      missing.delete(key)
      differs ||= !equalJson(now, endpoint)
    }
    if (after.length === 0) unused.push(slice)
    else if (differs || after.length < before.length) changed.push({ slice, endpoints: after })
    else unchanged.push(slice)
  }
  const queue = [...missing.values()]
  changed.sort((a, b) => b.endpoints.length - a.endpoints.length)
  for (const { endpoints: into } of changed) {
    into.push(...queue.splice(0, Math.max(0, perSliceMax - into.length)))
  }
  const create: PortGroup[] = []
  while (queue.length > 0) {
    const roomy = fullestWithRoom(unchanged, queue.length, perSliceMax)
    if (roomy !== undefined) {
      unchanged.splice(unchanged.indexOf(roomy), 1)
      changed.push({ slice: roomy, endpoints: [...(roomy.endpoints ?? []), ...queue.splice(0)] })
    } else create.push({ ports, endpoints: queue.splice(0, perSliceMax) })
  }
  const update = changed.map(({ slice, endpoints: into }) => ({ slice, ports, endpoints: into }))
  return { create, update, unused, keep: unchanged }
}

/** The slice that comes closest to being full when all of them go into it. */
function fullestWithRoom<S extends PackedSlice>(
  slices: readonly S[],
  count: number,
  perSliceMax: number,
): S | undefined {
  let best: S | undefined
  for (const slice of slices) {
    const size = slice.endpoints?.length ?? 0
    if (size + count <= perSliceMax && size >= (best?.endpoints?.length ?? 0)) best = slice
  }
  return best
}

function isPlaceholder({ endpoints, ports }: PackedSlice): boolean {
  return (endpoints ?? []).length === 0 && (ports ?? []).length === 0
}

/** What stays the same while an endpoint changes: whose addresses they are. */
function endpointKey({ addresses, targetRef }: Endpoint): string {
  const { namespace, name } = targetRef ?? {}
  return JSON.stringify([namespace, name, (addresses ?? []).toSorted()])
}

export function portsKey(ports: readonly EndpointSlicePort[]): string {
  return ports
    .map((port) => JSON.stringify([port.name, port.protocol, port.port, port.appProtocol]))
    .sort()
    .join()
}
