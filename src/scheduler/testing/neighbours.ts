import type { Node } from '#api'
import { must, type Random } from '#base'
import type { PodInfo } from '../pod-info.ts'
import { testNode, testPodInfo } from './objects.ts'

const pick = <T>(random: Random, values: readonly T[]): T =>
  must(values[random.integer(values.length)], 'there is something to pick from')
const chance = (random: Random, oneIn: number) => random.integer(oneIn) === 0

const keys = ['zone', 'rack', 'kubernetes.io/hostname'] as const
export const namespaces = ['red', 'blue'] as const

/** A node with some of three topology labels, now and then tainted. */
export function randomNode(random: Random, name: string): Node {
  const labels: Record<string, string> = {}
  if (!chance(random, 6)) labels['zone'] = `z${random.integer(3)}`
  if (!chance(random, 3)) labels['rack'] = `r${random.integer(4)}`
  // Now and then two nodes have one host name.
  if (!chance(random, 8)) labels['kubernetes.io/hostname'] = chance(random, 8) ? 'h' : name
  if (chance(random, 2)) labels['disk'] = 'ssd'
  const taints = chance(random, 4) ? [{ key: 'k', value: '', effect: 'NoSchedule' }] : []
  return testNode(name, { metadata: { labels }, spec: { taints } })
}

/** A pod that may have constraints and terms, and that those of others may mean. */
export function randomPod(random: Random, name: string): PodInfo {
  const affinity: Record<string, unknown> = {}
  if (chance(random, 3)) affinity['podAffinity'] = randomTerms(random)
  if (chance(random, 3)) affinity['podAntiAffinity'] = randomTerms(random)
  if (chance(random, 5)) {
    affinity['nodeAffinity'] = {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'disk', operator: 'Exists' }] }],
      },
    }
  }
  return testPodInfo(name, {
    metadata: {
      namespace: pick(random, namespaces),
      labels: randomLabels(random),
      ...(chance(random, 8) ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: {
      affinity,
      topologySpreadConstraints: chance(random, 2) ? many(random, 2, randomConstraint) : [],
      tolerations: chance(random, 4) ? [{ key: 'k', operator: 'Exists' }] : [],
    },
  })
}

export function randomLabels(random: Random): Record<string, string> {
  return {
    app: pick(random, ['a', 'b', 'c']),
    ...(chance(random, 2) ? { tier: pick(random, ['front', 'back']) } : {}),
  }
}

function randomSelector(random: Random): object | undefined {
  switch (random.integer(6)) {
    case 0:
      return undefined
    case 1:
      return {}
    case 2:
      return { matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['back'] }] }
    case 3:
      return { matchExpressions: [{ key: 'app', operator: 'In', values: ['a', 'b'] }] }
    default:
      return { matchLabels: { app: pick(random, ['a', 'b', 'c']) } }
  }
}

function randomTerms(random: Random): object {
  return {
    requiredDuringSchedulingIgnoredDuringExecution: chance(random, 2)
      ? many(random, 2, randomTerm)
      : [],
    preferredDuringSchedulingIgnoredDuringExecution: many(random, 2, (from) => ({
      weight: 1 + from.integer(100),
      podAffinityTerm: randomTerm(from),
    })),
  }
}

function randomTerm(random: Random): object {
  return {
    topologyKey: pick(random, keys),
    labelSelector: randomSelector(random),
    ...(chance(random, 3) ? { namespaces: [pick(random, namespaces)] } : {}),
    ...(chance(random, 3)
      ? { namespaceSelector: chance(random, 3) ? {} : { matchLabels: { team: 'one' } } }
      : {}),
  }
}

function randomConstraint(random: Random): object {
  const hard = chance(random, 2)
  return {
    topologyKey: pick(random, keys),
    maxSkew: 1 + random.integer(3),
    whenUnsatisfiable: hard ? 'DoNotSchedule' : 'ScheduleAnyway',
    labelSelector: randomSelector(random),
    ...(hard && chance(random, 2) ? { minDomains: 1 + random.integer(4) } : {}),
    ...(chance(random, 3) ? { nodeAffinityPolicy: pick(random, ['Honor', 'Ignore']) } : {}),
    ...(chance(random, 2) ? { nodeTaintsPolicy: pick(random, ['Honor', 'Ignore']) } : {}),
    ...(chance(random, 4) ? { matchLabelKeys: ['tier'] } : {}),
  }
}

function many<T>(random: Random, max: number, make: (random: Random) => T): T[] {
  return Array.from({ length: random.integer(max + 1) }, () => make(random))
}
