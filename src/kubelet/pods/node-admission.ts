import { aggregateContainers, type Pod } from '#api'
import { Quantity, parseQuantity } from '#machinery'
import { containersOf, initContainersOf, isSidecar } from './observed.ts'
import type { Waiting } from './pod-status.ts'

export interface NodeRoom {
  readonly allocatable: Readonly<Record<string, string>>
  /** Pods of the node that have been let in and have not ended. */
  readonly pods: readonly Pod[]
}

/**
 * Why a node does not take a pod that was bound to it, in upstream's words; undefined where it does.
 * The scheduler sees to most of it, but not everybody asks the scheduler. Pure.
 */
export function rejectionOf(pod: Pod, room: NodeRoom): Waiting | undefined {
  const why = forbiddenSysctl(pod) ?? lackingResource(pod, room) ?? takenPort(pod, room)
  return why === undefined ? undefined : { ...why, message: `Pod was rejected: ${why.message}` }
}

/** Those that are a pod's own, and can harm nobody else (upstream's safe sysctls). */
const safeSysctls = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
])

function forbiddenSysctl({ spec }: Pod): Waiting | undefined {
  for (const { name } of spec.securityContext?.sysctls ?? []) {
    const dotted = normalized(name)
    const why = !safeSysctls.has(dotted)
      ? 'not allowlisted'
      : spec.hostNetwork === true && dotted.startsWith('net.')
        ? 'not allowed with host net enabled'
        : spec.hostIPC === true && dotted.startsWith('kernel.')
          ? 'not allowed with host ipc enabled'
          : undefined
    if (why === undefined) continue
    return {
      reason: 'SysctlForbidden',
      message: `forbidden sysctl: ${JSON.stringify(name)} ${why}`,
    }
  }
  return undefined
}

/** A name with slashes between its parts may have dots in them: the two change places. */
function normalized(name: string): string {
  if (/[./]/.exec(name)?.[0] !== '/') return name
  return name.replace(/[./]/g, (separator) => (separator === '/' ? '.' : '/'))
}

const counted = ['cpu', 'memory', 'ephemeral-storage']

export interface Overdraft {
  readonly name: string
  readonly requested: number
  readonly capacity: number
  readonly message: string
}

function lackingResource(pod: Pod, room: NodeRoom): Waiting | undefined {
  const { allocatable, pods } = room
  const most = Number(allocatable['pods'] ?? Infinity)
  const found =
    pods.length + 1 > most ? overdraft('pods', [1, pods.length, most]) : overdraftOf(pod, room)
  return found === undefined ? undefined : { reason: `OutOf${found.name}`, message: found.message }
}

/** The first resource of which the pod asks for more than is left. */
export function overdraftOf(pod: Pod, { allocatable, pods }: NodeRoom): Overdraft | undefined {
  for (const name of counted) {
    const capacity = inUnits(name, parseQuantity(allocatable[name] ?? '0'))
    const requested = requestOf(pod, name)
    if (requested === 0 || allocatable[name] === undefined) continue
    const used = pods.reduce((sum, each) => sum + requestOf(each, name), 0)
    if (used + requested > capacity) return overdraft(name, [requested, used, capacity])
  }
  return undefined
}

function overdraft(
  name: string,
  [requested, used, capacity]: readonly [number, number, number],
): Overdraft {
  const amounts = `requested: ${requested}, used: ${used}, capacity: ${capacity}`
  const message = `Node didn't have enough resource: ${name}, ${amounts}`
  return { name, requested, capacity, message }
}

function requestOf({ spec }: Pod, name: string): number {
  const whole = spec.resources?.requests?.[name]
  const amount = whole === undefined ? undefined : parseQuantity(whole)
  const ofContainers = aggregateContainers(spec, 'requests').get(name) ?? Quantity.of(0)
  const overhead = parseQuantity(spec.overhead?.[name] ?? '0')
  return inUnits(name, amount ?? ofContainers) + inUnits(name, overhead)
}

function inUnits(name: string, quantity: Quantity): number {
  return name === 'cpu' ? quantity.toMilli() : quantity.toInteger()
}

const everyAddress = '0.0.0.0'

function takenPort(pod: Pod, { pods }: NodeRoom): Waiting | undefined {
  const taken = pods.flatMap(hostPortsOf)
  const clashes = hostPortsOf(pod).some((wanted) =>
    taken.some(
      ({ protocol, hostPort, hostIP }) =>
        protocol === wanted.protocol &&
        hostPort === wanted.hostPort &&
        (hostIP === wanted.hostIP || hostIP === everyAddress || wanted.hostIP === everyAddress),
    ),
  )
  if (!clashes) return undefined
  const why = "node(s) didn't have free ports for the requested pod ports"
  return { reason: 'NodePorts', message: `Predicate NodePorts failed: ${why}` }
}

function hostPortsOf(pod: Pod) {
  return [...containersOf(pod), ...initContainersOf(pod).filter(isSidecar)].flatMap(
    ({ ports = [] }) =>
      ports
        .filter(({ hostPort = 0 }) => hostPort !== 0)
        .map(({ protocol, hostPort = 0, hostIP = everyAddress }) => ({
          protocol,
          hostPort,
          hostIP,
        })),
  )
}
