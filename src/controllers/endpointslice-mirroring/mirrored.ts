import type { Endpoint, EndpointAddress, Endpoints, EndpointSlicePort } from '#api'
import { managedByLabel, serviceNameLabel } from '../endpointslice/desired.ts'
import { portsKey, type PortGroup } from '../endpointslice/packing.ts'
import { familyOf, type IpFamily } from '../service-endpoints/pods.ts'
import { headlessLabel } from '../service-endpoints/services.ts'
import { triggerTimeAnnotation } from '../service-endpoints/trigger-times.ts'

export const mirroredBy = 'endpointslicemirroring-controller.k8s.io'
/** So many addresses of a subset are mirrored, ready ones first (upstream's default). */
export const addressesPerSubsetMax = 1_000

const skipMirrorLabel = 'endpointslice.kubernetes.io/skip-mirror'
const endpointsManagedByLabel = 'endpoints.kubernetes.io/managed-by'
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader'
const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration'

/** Whether somebody makes these Endpoints by hand for others to find. */
export function isMirrored({ metadata }: Endpoints): boolean {
  const { labels = {}, annotations = {} } = metadata
  return (
    labels[skipMirrorLabel] !== 'true' &&
    !Object.hasOwn(labels, endpointsManagedByLabel) &&
    !Object.hasOwn(annotations, leaderAnnotation)
  )
}

export interface Mirrored {
  readonly groups: Readonly<Record<IpFamily, readonly PortGroup[]>>
  /** Addresses that are too many. */
  readonly skipped: number
}

/** What the Endpoints say, by address family and ports. */
export function mirrored({ subsets = [] }: Endpoints): Mirrored {
  const families = { IPv4: new Groups(), IPv6: new Groups() }
  let skipped = 0
  for (const { addresses = [], notReadyAddresses = [], ports: given = [] } of subsets) {
    const ports = given.map(({ name = '', port, protocol, appProtocol }) => ({
      name,
      port,
      protocol,
      ...(appProtocol !== undefined && { appProtocol }),
    }))
    const all = [
      ...addresses.map((address) => ({ address, ready: true })),
      ...notReadyAddresses.map((address) => ({ address, ready: false })),
    ]
    skipped += Math.max(0, all.length - addressesPerSubsetMax)
    for (const { address, ready } of all.slice(0, addressesPerSubsetMax)) {
      const family = familyOf(address.ip)
      if (family !== undefined) families[family].add(ports, endpointOf(address, ready))
    }
  }
  return { groups: { IPv4: families.IPv4.all(), IPv6: families.IPv6.all() }, skipped }
}

class Groups {
  readonly #groups = new Map<string, { ports: EndpointSlicePort[]; endpoints: Endpoint[] }>()

  add(ports: EndpointSlicePort[], endpoint: Endpoint): void {
    const key = portsKey(ports)
    const group = this.#groups.get(key) ?? { ports, endpoints: [] }
    this.#groups.set(key, group)
    group.endpoints.push(endpoint)
  }

  all(): readonly PortGroup[] {
    return [...this.#groups.values()]
  }
}

function endpointOf(
  { ip, hostname, nodeName, targetRef }: EndpointAddress,
  ready: boolean,
): Endpoint {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname !== undefined && { hostname }),
    ...(nodeName !== undefined && { nodeName }),
    ...(targetRef !== undefined && { targetRef }),
  }
}

const reserved: ReadonlySet<string> = new Set([serviceNameLabel, managedByLabel, headlessLabel])

export function mirrorLabels({ metadata }: Endpoints): Readonly<Record<string, string>> {
  const { name = '', labels = {} } = metadata
  const own = Object.entries(labels).filter(([key]) => !reserved.has(key))
  return {
    ...Object.fromEntries(own),
    [serviceNameLabel]: name,
    [managedByLabel]: mirroredBy,
  }
}

/** The annotations of the Endpoints without those that are about the object itself. */
export function mirrorAnnotations({ metadata }: Endpoints): Readonly<Record<string, string>> {
  const {
    [triggerTimeAnnotation]: _,
    [lastAppliedAnnotation]: __,
    ...annotations
  } = metadata.annotations ?? {}
  return annotations
}
