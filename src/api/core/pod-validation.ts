import {
  equalJson,
  field,
  isValidIP,
  mutable,
  type FieldError,
  type FieldPath,
  type Mutable,
  type Whole,
} from '#machinery'
import { each, nonNegative, problems, specPath, statusPath } from '../validation.ts'
import type { Toleration } from './affinity.ts'
import type { Container } from './container.ts'
import { validatePodSpec } from './pod-spec-validation.ts'
import type { PodSpec } from './pod-spec.ts'
import type { PodSchema } from './pod.ts'

type Pod = Whole<typeof PodSchema>

export function validatePod(pod: Pod): readonly FieldError[] {
  const { spec } = pod
  const errors = [...validatePodSpec(spec, specPath, { isPod: true })]
  if (spec.ephemeralContainers !== undefined) {
    errors.push(field.forbidden(specPath.child('ephemeralContainers'), 'cannot be set on create'))
  }
  if (spec.nodeName !== undefined && spec.schedulingGates !== undefined) {
    const why = 'cannot be set until all schedulingGates have been cleared'
    errors.push(field.forbidden(specPath.child('nodeName'), why))
  }
  return errors
}

const updatable = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
].join(',')

/** A pod is made once: few fields may change, and most of these in one direction. */
export function validatePodUpdate(pod: Pod, old: Pod): readonly FieldError[] {
  const { spec } = pod
  const containersPath = specPath.child('containers')
  const initPath = specPath.child('initContainers')
  const errors = [
    ...sameContainers(spec.containers, old.spec.containers, containersPath),
    ...sameContainers(spec.initContainers, old.spec.initContainers, initPath),
  ]
  if (errors.length > 0) return errors
  const allowed = mutable(spec)
  takeImages(allowed.containers, old.spec.containers)
  takeImages(allowed.initContainers, old.spec.initContainers)
  takeFrom(allowed, old.spec, 'activeDeadlineSeconds')
  takeFrom(allowed, old.spec, 'schedulingGates')
  takeFrom(allowed, old.spec, 'tolerations')
  if (isRaisedToOne(spec, old.spec)) takeFrom(allowed, old.spec, 'terminationGracePeriodSeconds')
  if ((old.spec.schedulingGates ?? []).length > 0) takeNodeSelection(allowed, old.spec)
  errors.push(
    ...validatePodSpec(spec, specPath, { isPod: true }),
    ...validateDeadline(spec, old.spec),
    ...onlyAddedTolerations(spec.tolerations, old.spec.tolerations),
    ...onlyRemovedGates(spec, old.spec),
  )
  if (!equalJson(allowed, old.spec)) {
    const why = `pod updates may not change fields other than ${updatable}\n${changes(allowed, old.spec)}`
    errors.push(field.forbidden(specPath, why))
  }
  return errors
}

function sameContainers(
  containers: readonly Container[] | null | undefined,
  old: readonly Container[] | null | undefined,
  path: FieldPath,
): readonly FieldError[] {
  if ((containers ?? []).length === (old ?? []).length) return []
  return [field.forbidden(path, 'pod updates may not add or remove containers')]
}

function takeImages(
  containers: Mutable<Container>[] | null | undefined,
  old: readonly Container[] | null | undefined,
): void {
  for (const [at, container] of (containers ?? []).entries()) {
    const image = old?.[at]?.image
    if (image === undefined) delete container.image
    else container.image = image
  }
}

function takeFrom(spec: Mutable<PodSpec>, old: PodSpec, name: keyof PodSpec): void {
  if (old[name] === undefined) Reflect.deleteProperty(spec, name)
  else Reflect.set(spec, name, old[name])
}

/** While a pod is held back, where it may go can still be narrowed (KEP-3838). */
function takeNodeSelection(spec: Mutable<PodSpec>, old: PodSpec): void {
  const kept = Object.entries(old.nodeSelector ?? {}).every(
    ([key, value]) => spec.nodeSelector?.[key] === value,
  )
  if (kept) takeFrom(spec, old, 'nodeSelector')
  const name = 'requiredDuringSchedulingIgnoredDuringExecution'
  if (
    old.affinity?.nodeAffinity?.[name] === undefined &&
    spec.affinity?.nodeAffinity !== undefined
  ) {
    takeFrom(spec, old, 'affinity')
  }
}

function isRaisedToOne(spec: PodSpec, old: PodSpec): boolean {
  return old.terminationGracePeriodSeconds < 0 && spec.terminationGracePeriodSeconds === 1
}

function validateDeadline(spec: PodSpec, old: PodSpec): readonly FieldError[] {
  const path = specPath.child('activeDeadlineSeconds')
  const { activeDeadlineSeconds: next } = spec
  const { activeDeadlineSeconds: before } = old
  if (before === undefined) return next === undefined ? [] : nonNegative(path, next)
  if (next === undefined) {
    return [field.invalid(path, null, 'must not update from a positive integer to nil value')]
  }
  if (next <= before) return nonNegative(path, next)
  return [field.invalid(path, next, 'must be less than or equal to previous value')]
}

function onlyAddedTolerations(
  tolerations: readonly Toleration[] = [],
  old: readonly Toleration[] = [],
): readonly FieldError[] {
  const same = (a: Toleration, b: Toleration) =>
    equalJson({ ...a, tolerationSeconds: 0 }, { ...b, tolerationSeconds: 0 })
  const kept = old.every((before) => tolerations.some((toleration) => same(toleration, before)))
  if (kept) return []
  const why = 'existing toleration can not be modified except its tolerationSeconds'
  return [field.forbidden(specPath.child('tolerations'), why)]
}

function onlyRemovedGates(spec: PodSpec, old: PodSpec): readonly FieldError[] {
  const before = new Set((old.schedulingGates ?? []).map(({ name }) => name))
  return each(specPath.child('schedulingGates'), spec.schedulingGates, ({ name }, at) =>
    before.has(name)
      ? []
      : [field.forbidden(at, `only deletion is allowed, but found new scheduling gate '${name}'`)],
  )
}

/** Which fields differ and how, a line each. */
function changes(next: Mutable<PodSpec>, old: PodSpec): string {
  const names = new Set([...Object.keys(old), ...Object.keys(next)])
  return [...names]
    .filter((name) => !equalJson(Reflect.get(next, name), Reflect.get(old, name)))
    .map((name) => {
      const show = (spec: object) => JSON.stringify(Reflect.get(spec, name) ?? null)
      return `- ${name}: ${show(old)}\n+ ${name}: ${show(next)}`
    })
    .join('\n')
}

export function validatePodStatusUpdate(pod: Pod, old: Pod): readonly FieldError[] {
  const { status } = pod
  const errors: FieldError[] = []
  if (pod.spec.nodeName !== old.spec.nodeName) {
    const why = 'may not be changed directly'
    errors.push(field.forbidden(statusPath.child('nodeName'), why))
  }
  errors.push(
    ...noRestartAfterEnd(pod, old),
    ...each(statusPath.child('podIPs'), status.podIPs, ({ ip }, at) =>
      problems(at, ip, isValidIP(ip)),
    ),
    ...each(statusPath.child('hostIPs'), status.hostIPs, ({ ip }, at) =>
      problems(at, ip, isValidIP(ip)),
    ),
  )
  const { qosClass = '' } = status
  if (old.status.qosClass !== undefined && qosClass !== old.status.qosClass) {
    const why = 'field is immutable'
    errors.push(field.invalid(statusPath.child('qosClass'), qosClass, why))
  }
  return errors
}

/** A container that has ended for good stays ended. */
function noRestartAfterEnd(pod: Pod, old: Pod): readonly FieldError[] {
  const { restartPolicy } = pod.spec
  if (restartPolicy === 'Always') return []
  const path = statusPath.child('containerStatuses')
  return each(path, old.status.containerStatuses, (before, at) => {
    const { terminated } = before.state
    if (terminated === undefined) return []
    if (terminated.exitCode !== 0 && restartPolicy === 'OnFailure') return []
    const now = pod.status.containerStatuses?.find(({ name }) => name === before.name)
    if (now === undefined || now.state.terminated !== undefined) return []
    if ((containerOf(old.spec, before.name)?.restartPolicyRules ?? []).length > 0) return []
    return [field.forbidden(at.child('state'), 'may not be transitioned to non-terminated state')]
  })
}

function containerOf(spec: PodSpec, name: string): Container | undefined {
  return spec.containers?.find((container) => container.name === name)
}
