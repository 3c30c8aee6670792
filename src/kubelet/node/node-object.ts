import type { NodeCondition, NodeInput, NodeStatus } from '#api'
import { formatTime } from '#base'
import { getOwn } from '#machinery'
import type { Image } from '../runtime/runtime.ts'
import type { Machine } from './machine.ts'

export interface NodeFacts {
  readonly name: string
  readonly machine: Machine
  readonly ips: readonly string[]
  readonly podsMax: number
  readonly runtimeVersion: string
  readonly labels: Readonly<Record<string, string>>
  /** Of the kubelet's server; undefined where there is none. */
  readonly serverPort: number | undefined
}

/** What changes about a node while it runs. */
export interface NodeState {
  /** Why it cannot run pods; empty when it can. */
  readonly problems: readonly string[]
  readonly images: readonly Image[]
}

export const kubeletVersion = 'v1.36.0+k8ts'

/** What pods may ask for in all. */
export function capacity({
  machine,
  podsMax,
}: Pick<NodeFacts, 'machine' | 'podsMax'>): Readonly<Record<string, string>> {
  return {
    cpu: String(machine.cpus),
    memory: `${Math.floor(machine.memoryBytes / 1024)}Ki`,
    'ephemeral-storage': `${Math.floor(machine.diskBytes / 1024)}Ki`,
    pods: String(podsMax),
  }
}

/** The Node as its kubelet registers it. */
export function nodeObject(facts: NodeFacts, state: NodeState, nowMs: number): NodeInput {
  const { name, machine, labels } = facts
  return {
    metadata: {
      name,
      labels: {
        'beta.kubernetes.io/arch': machine.architecture,
        'beta.kubernetes.io/os': 'linux',
        'kubernetes.io/arch': machine.architecture,
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        ...labels,
      },
    },
    status: nodeStatus(facts, state, nowMs, undefined),
  }
}

export function nodeStatus(
  facts: NodeFacts,
  { problems, images }: NodeState,
  nowMs: number,
  before: readonly NodeCondition[] | undefined,
) {
  const { name, machine, ips, runtimeVersion, serverPort } = facts
  return {
    capacity: capacity(facts),
    allocatable: capacity(facts),
    addresses: [
      ...ips.map((address) => ({ type: 'InternalIP' as const, address })),
      { type: 'Hostname' as const, address: name },
    ],
    conditions: conditions(problems, nowMs, before),
    ...(serverPort === undefined
      ? {}
      : { daemonEndpoints: { kubeletEndpoint: { Port: serverPort } } }),
    images: imagesOf(images),
    nodeInfo: {
      machineID: machine.machineId,
      systemUUID: machine.systemUuid,
      bootID: machine.bootId,
      kernelVersion: machine.kernel,
      osImage: machine.osImage,
      containerRuntimeVersion: runtimeVersion,
      kubeletVersion,
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: machine.architecture,
    },
  }
}

/** The largest ones, as the scheduler wants them: it looks for nodes that have a pod's images. */
function imagesOf(images: readonly Image[]) {
  return images
    .toSorted((a, b) => b.sizeBytes - a.sizeBytes)
    .slice(0, imagesMax)
    .map(({ names, sizeBytes }) => ({ names: names.slice(0, imageNamesMax), sizeBytes }))
}

/** Upstream's nodeStatusMaxImages and its bound on names. */
const imagesMax = 50
const imageNamesMax = 5

/** What already held keeps the time since when. */
function conditions(
  problems: readonly string[],
  nowMs: number,
  before: readonly NodeCondition[] | undefined,
): NodeCondition[] {
  const now = formatTime(nowMs)
  const ready = problems.length === 0
  const all: readonly [string, 'False' | 'True', string, string][] = [
    [
      'MemoryPressure',
      'False',
      'KubeletHasSufficientMemory',
      'kubelet has sufficient memory available',
    ],
    ['DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
    ['PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
    [
      'Ready',
      ready ? 'True' : 'False',
      ready ? 'KubeletReady' : 'KubeletNotReady',
      ready ? 'kubelet is posting ready status' : problems.join(', '),
    ],
  ]
  return all.map(([type, status, reason, message]) => {
    const old = before?.find((condition) => condition.type === type)
    const since = old?.status === status ? old.lastTransitionTime : now
    return { type, status, lastHeartbeatTime: now, lastTransitionTime: since, reason, message }
  })
}

/**
 * Amounts of the node that others have put into its capacity can be had, too, until they take them
 * away again. To be merged into the node's allocatable amounts; empty where they are right.
 */
export function foreignAmounts(
  { capacity: all = {}, allocatable = {} }: Pick<NodeStatus, 'allocatable' | 'capacity'>,
  own: Readonly<Record<string, string>>,
): Readonly<Record<string, string | null>> {
  const isForeign = (name: string) => getOwn(own, name) === undefined
  const come = Object.entries(all).filter(
    ([name, amount]) => isForeign(name) && getOwn(allocatable, name) !== amount,
  )
  const gone = Object.keys(allocatable).filter(
    (name) => isForeign(name) && getOwn(all, name) === undefined,
  )
  return Object.fromEntries([...come, ...gone.map((name) => [name, null] as const)])
}
