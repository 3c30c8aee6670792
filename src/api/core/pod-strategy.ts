import {
  field,
  getOwn,
  mutable,
  equalJson,
  type FieldError,
  type FieldPath,
  type Mutable,
  type Whole,
  type WholeDraft,
} from '#machinery'
import { each, specPath } from '../validation.ts'
import type { PodAffinityTerm } from './affinity.ts'
import { validateContainers } from './container-validation.ts'
import type { Container } from './container.ts'
import { podQosClass } from './pod-resources.ts'
import type { PodSchema } from './pod.ts'
import type { ResourceList } from './resource-list.ts'
import { validateResourceRequirements } from './resources-validation.ts'

type Pod = Whole<typeof PodSchema>
type PodDraft = WholeDraft<typeof PodSchema>

export function prepareForCreate(pod: PodDraft): void {
  pod.status = { phase: 'Pending', qosClass: podQosClass(pod.spec) }
  if ((pod.spec.schedulingGates ?? []).length > 0) {
    pod.status.conditions = [
      {
        type: 'PodScheduled',
        status: 'False',
        lastProbeTime: null,
        lastTransitionTime: null,
        reason: 'SchedulingGated',
        message: 'Scheduling is blocked due to non-empty scheduling gates',
      },
    ]
  }
  addLabelKeys(pod)
}

const required = 'requiredDuringSchedulingIgnoredDuringExecution'
const preferred = 'preferredDuringSchedulingIgnoredDuringExecution'

/** Keys of the pod's own labels become part of the selectors that name them (KEP-3633, KEP-3243). */
function addLabelKeys({ metadata, spec }: PodDraft): void {
  const labels = metadata.labels ?? {}
  for (const affinity of [spec.affinity?.podAffinity, spec.affinity?.podAntiAffinity]) {
    const terms = [
      ...(affinity?.[required] ?? []),
      ...(affinity?.[preferred] ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
    ]
    for (const term of terms) {
      addRequirements(term, term.matchLabelKeys, 'In', labels)
      addRequirements(term, term.mismatchLabelKeys, 'NotIn', labels)
    }
  }
  for (const constraint of spec.topologySpreadConstraints ?? []) {
    addRequirements(constraint, constraint.matchLabelKeys, 'In', labels)
  }
}

function addRequirements(
  target: Pick<Mutable<PodAffinityTerm>, 'labelSelector'>,
  keys: readonly string[] | undefined,
  operator: 'In' | 'NotIn',
  labels: Readonly<Record<string, string>>,
): void {
  if (target.labelSelector === undefined) return
  for (const key of keys ?? []) {
    const value = getOwn(labels, key)
    if (value === undefined) continue
    target.labelSelector.matchExpressions ??= []
    target.labelSelector.matchExpressions.push({ key, operator, values: [value] })
  }
}

/** Upstream's CheckGracefulDelete: only a pod that may be running on a node gets time to end. */
export function deletionGrace(pod: Pod, requestedSeconds: number | undefined): number {
  const { phase } = pod.status
  if (pod.spec.nodeName === undefined || phase === 'Failed' || phase === 'Succeeded') return 0
  const seconds = requestedSeconds ?? pod.spec.terminationGracePeriodSeconds
  return seconds < 0 ? 1 : seconds
}

export function prepareForStatusUpdate(draft: PodDraft, old: Pod): void {
  draft.spec = mutable(old.spec)
  keep(draft.metadata, old.metadata, 'ownerReferences')
  if (draft.status.qosClass === undefined && old.status.qosClass !== undefined) {
    draft.status.qosClass = old.status.qosClass
  }
}

/** Only the ephemeral containers come from the request. */
export function prepareForEphemeralContainersUpdate(draft: PodDraft, old: Pod): void {
  const { ephemeralContainers } = draft.spec
  draft.spec = mutable(old.spec)
  if (ephemeralContainers === undefined) delete draft.spec.ephemeralContainers
  else draft.spec.ephemeralContainers = ephemeralContainers
  draft.status = mutable(old.status)
}

export function validateEphemeralContainersUpdate(pod: Pod, old: Pod): readonly FieldError[] {
  const path = specPath.child('ephemeralContainers')
  const errors = validateContainers(pod.spec, specPath, true).filter((error) =>
    error.field.startsWith(path.toString()),
  )
  for (const before of old.spec.ephemeralContainers ?? []) {
    const now = pod.spec.ephemeralContainers?.find(({ name }) => name === before.name)
    if (now === undefined) {
      const why = `existing ephemeral containers ${JSON.stringify(before.name)} may not be removed\n`
      errors.push(field.forbidden(path, why))
    } else if (!equalJson(now, before)) {
      const why = `existing ephemeral containers ${JSON.stringify(before.name)} may not be changed\n`
      errors.push(field.forbidden(path, why))
    }
  }
  return errors
}

/** Only resources and resize policies come from the request (KEP-1287). */
export function prepareForResize(draft: PodDraft, old: Pod): void {
  const { containers, initContainers } = draft.spec
  draft.spec = mutable(old.spec)
  takeResources(draft.spec.containers, containers)
  takeResources(draft.spec.initContainers, initContainers)
  draft.status = mutable(old.status)
  keep(draft.metadata, old.metadata, 'ownerReferences')
}

function takeResources(
  kept: Mutable<Container>[] | null | undefined,
  asked: readonly Mutable<Container>[] | null | undefined,
): void {
  for (const container of kept ?? []) {
    const from = asked?.find(({ name }) => name === container.name)
    if (from === undefined) continue
    container.resources = from.resources
    if (from.resizePolicy === undefined) delete container.resizePolicy
    else container.resizePolicy = from.resizePolicy
  }
}

const resizable = ['cpu', 'memory']

export function validateResize(pod: Pod, old: Pod): readonly FieldError[] {
  const errors: FieldError[] = []
  const qosClass = old.status.qosClass ?? podQosClass(old.spec)
  if (podQosClass(pod.spec) !== qosClass) {
    const why = 'Pod QOS Class may not change as a result of resizing'
    errors.push(field.invalid(specPath, qosClass, why))
  }
  const path = specPath.child('containers')
  const resized = each(path, pod.spec.containers, ({ resources }, containerPath, at) => {
    const resourcesPath = containerPath.child('resources')
    const before = old.spec.containers?.[at]?.resources ?? {}
    return [
      ...validateResourceRequirements(resources, resourcesPath),
      ...validateResizedList(resources.requests, before.requests, resourcesPath, 'requests'),
      ...validateResizedList(resources.limits, before.limits, resourcesPath, 'limits'),
    ]
  })
  return [...errors, ...resized]
}

function validateResizedList(
  next: ResourceList = {},
  before: ResourceList = {},
  path: FieldPath,
  which: 'requests' | 'limits',
): readonly FieldError[] {
  const names = new Set([...Object.keys(next), ...Object.keys(before)])
  return [...names]
    .filter((name) => next[name] !== before[name])
    .flatMap((name) => {
      const at = path.child(which).key(name)
      if (!resizable.includes(name)) {
        return [field.forbidden(at, 'only cpu and memory resources are mutable')]
      }
      if (next[name] !== undefined) return []
      return [field.forbidden(path.child(which), `resource ${which} cannot be removed`)]
    })
}

function keep<T extends object, K extends keyof T>(
  target: T,
  source: { readonly [P in K]?: unknown },
  name: K,
): void {
  if (source[name] === undefined) Reflect.deleteProperty(target, name)
  else Reflect.set(target, name, mutable(source[name]))
}
