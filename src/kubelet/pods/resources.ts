import { aggregateContainers, podQosClass, type Container, type Pod } from '#api'
import type { CgroupLimits } from '#linux'
import { parseQuantity } from '#machinery'
import type { LinuxResources } from '../runtime/config.ts'
import { containersOf, uidOf } from './observed.ts'

const periodUs = 100_000
const quotaMinUs = 1_000
const sharesMin = 2
const sharesMax = 262_144

/** Of a CPU's 1024 shares, for thousandths of a CPU. */
export function cpuShares(milliCpu: number): number {
  if (milliCpu === 0) return sharesMin
  return Math.min(Math.max(Math.trunc((milliCpu * 1024) / 1000), sharesMin), sharesMax)
}

export function cpuQuota(milliCpu: number): number {
  return Math.max(Math.trunc((milliCpu * periodUs) / 1000), quotaMinUs)
}

/** The pod's cgroup: guaranteed pods stand beside the groups of the other two classes. */
export function podCgroup(root: string, pod: Pod): string {
  const qos = podQosClass(pod.spec)
  const parent = qos === 'Guaranteed' ? '' : `/${qos.toLowerCase()}`
  return `${root}/kubepods${parent}/pod${uidOf(pod)}`
}

/** All that may be the cgroup of a pod of which nothing but its uid is known. */
export function possiblePodCgroups(root: string, uid: string): readonly string[] {
  return ['', '/burstable', '/besteffort'].map((parent) => `${root}/kubepods${parent}/pod${uid}`)
}

/** What the pod as a whole may use: a limit only where every container has one. */
export function podCgroupLimits(pod: Pod): CgroupLimits {
  const requests = aggregateContainers(pod.spec, 'requests')
  const limits = aggregateContainers(pod.spec, 'limits')
  const all = containersOf(pod)
  const limited = (name: string) =>
    all.every(({ resources }) => (resources.limits ?? {})[name] !== undefined)
  const cpu = pod.spec.resources?.limits?.['cpu']
  const memory = pod.spec.resources?.limits?.['memory']
  const cpuLimit =
    cpu !== undefined ? parseQuantity(cpu) : limited('cpu') ? limits.get('cpu') : undefined
  const memoryLimit =
    memory !== undefined
      ? parseQuantity(memory)
      : limited('memory')
        ? limits.get('memory')
        : undefined
  const cpuRequest = pod.spec.resources?.requests?.['cpu']
  const request = cpuRequest === undefined ? requests.get('cpu') : parseQuantity(cpuRequest)
  return {
    cpuShares: cpuShares(request?.toMilli() ?? 0),
    ...(cpuLimit === undefined
      ? {}
      : { cpuPeriodUs: periodUs, cpuQuotaUs: cpuQuota(cpuLimit.toMilli()) }),
    ...(memoryLimit === undefined ? {} : { memoryBytes: memoryLimit.toInteger() }),
  }
}

/** What one container may use, as CRI takes it; 0 says nothing. */
export function containerResources(
  pod: Pod,
  container: Container,
  memoryCapacityBytes: number,
): LinuxResources {
  const { requests = {}, limits = {} } = container.resources
  const milli = (text: string | undefined) =>
    text === undefined ? 0 : parseQuantity(text).toMilli()
  const request = requests['cpu'] ?? limits['cpu']
  const limit = milli(limits['cpu'])
  const memory = limits['memory'] === undefined ? 0 : parseQuantity(limits['memory']).toInteger()
  return {
    cpuPeriod: limit === 0 ? 0 : periodUs,
    cpuQuota: limit === 0 ? 0 : cpuQuota(limit),
    cpuShares: cpuShares(milli(request)),
    memoryLimitInBytes: memory,
    oomScoreAdj: oomScore(pod, container, memoryCapacityBytes),
  }
}

const guaranteedScore = -997
const bestEffortScore = 1000
const criticalPriority = 2_000_000_000

/** Who asks for little memory and uses much is killed first. */
export function oomScore(pod: Pod, container: Container, memoryCapacityBytes: number): number {
  if ((pod.spec.priority ?? 0) >= criticalPriority) return guaranteedScore
  const qos = podQosClass(pod.spec)
  if (qos === 'Guaranteed') return guaranteedScore
  if (qos === 'BestEffort') return bestEffortScore
  const text = container.resources.requests?.['memory']
  const request = text === undefined ? 0 : parseQuantity(text).toInteger()
  const score = Math.trunc(1000 - (1000 * request) / memoryCapacityBytes)
  if (score < 1000 + guaranteedScore) return 1000 + guaranteedScore
  return score === bestEffortScore ? score - 1 : score
}
