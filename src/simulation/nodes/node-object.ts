import type { Node, NodeInput } from '#api'
import type { KubeletLocation } from '#apiserver'
import { formatTime } from '#base'

/** Marks nodes that are simulated; nothing in the cluster mistakes them for others. */
export const simulatedLabel = 'k8ts.dev/simulated'

/** What a simulated node offers, the same on each. */
export interface NodeSize {
  readonly cpu: string
  readonly memory: string
  readonly pods: string
}

/** What a node says of itself beside its name. */
export interface NodeOffer {
  readonly size: NodeSize
  /** Where its kubelet is reached on this machine's loopback; undefined: not over the network. */
  readonly kubeletPort: number | undefined
}

export const usualSize: NodeSize = { cpu: '8', memory: '32Gi', pods: '110' }

export function nodeName(index: number): string {
  return `simulated-${index}`
}

/** Of a simulated node's name; undefined for any other. */
export function nodeIndex(name: string): number | undefined {
  const digits = /^simulated-(0|[1-9]\d{0,5})$/.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/** An address of its own in 100.64.0.0/10, from which nothing is ever sent. */
export function nodeAddress(index: number): string {
  return `100.${64 + (index >> 16)}.${(index >> 8) & 0xff}.${index & 0xff}`
}

/**
 * Where the kubelet of a simulated node is, if another process simulates it on this machine: its
 * address is one from which nothing is ever sent, and must not be asked for by anybody.
 */
export function simulatedKubelet({ metadata, status }: Node): KubeletLocation | undefined {
  if (metadata.labels?.[simulatedLabel] !== 'true') return undefined
  const port = status.daemonEndpoints?.kubeletEndpoint?.Port ?? 0
  return { host: '127.0.0.1', port: port > 0 ? port : 10_250 }
}

/** The Node as its kubelet would register it. */
export function nodeObject(index: number, offer: NodeOffer, nowMs: number): NodeInput {
  const { size, kubeletPort } = offer
  const name = nodeName(index)
  const resources = {
    cpu: size.cpu,
    memory: size.memory,
    pods: size.pods,
    'ephemeral-storage': '100Gi',
  }
  return {
    metadata: {
      name,
      labels: {
        [simulatedLabel]: 'true',
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
      },
    },
    spec: { providerID: `simulated://${name}` },
    status: {
      capacity: resources,
      allocatable: resources,
      addresses: [
        { type: 'InternalIP', address: nodeAddress(index) },
        { type: 'Hostname', address: name },
      ],
      conditions: nodeConditions(nowMs, undefined),
      ...(kubeletPort === undefined
        ? {}
        : { daemonEndpoints: { kubeletEndpoint: { Port: kubeletPort } } }),
      nodeInfo: {
        machineID: name,
        systemUUID: name,
        bootID: name,
        kernelVersion: '',
        osImage: 'k8ts simulated node',
        containerRuntimeVersion: 'simulated://1',
        kubeletVersion: 'v1.36.0+k8ts',
        kubeProxyVersion: '',
        operatingSystem: 'linux',
        architecture: 'amd64',
      },
    },
  }
}

export interface NodeCondition {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly lastHeartbeatTime: string | null
  readonly lastTransitionTime: string | null
  readonly reason?: string
  readonly message?: string
}

/** The kubelet's conditions of a node that is well; what already held keeps the time since when. */
export function nodeConditions(
  nowMs: number,
  before: readonly NodeCondition[] | undefined,
): NodeCondition[] {
  const now = formatTime(nowMs)
  return wellness.map(({ type, status, reason, message }) => {
    const old = before?.find((condition) => condition.type === type)
    const since = old?.status === status ? old.lastTransitionTime : now
    return { type, status, lastHeartbeatTime: now, lastTransitionTime: since, reason, message }
  })
}

const wellness = [
  {
    type: 'MemoryPressure',
    status: 'False',
    reason: 'KubeletHasSufficientMemory',
    message: 'kubelet has sufficient memory available',
  },
  {
    type: 'DiskPressure',
    status: 'False',
    reason: 'KubeletHasNoDiskPressure',
    message: 'kubelet has no disk pressure',
  },
  {
    type: 'PIDPressure',
    status: 'False',
    reason: 'KubeletHasSufficientPID',
    message: 'kubelet has sufficient PID available',
  },
  {
    type: 'Ready',
    status: 'True',
    reason: 'KubeletReady',
    message: 'kubelet is posting ready status',
  },
] as const
