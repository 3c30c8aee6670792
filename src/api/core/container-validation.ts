import { field, isDNS1123Label, isValidPortName, type FieldError, type FieldPath } from '#machinery'
import {
  duplicates,
  each,
  oneOfValues,
  optionalText,
  portNumber,
  requiredText,
} from '../validation.ts'
import type { Container, ContainerPort, EphemeralContainer } from './container.ts'
import { validateEnv, validateEnvFrom } from './env-validation.ts'
import type { PodSpec } from './pod-spec.ts'
import { validateProbes } from './probe-validation.ts'
import { validateResourceRequirements } from './resources-validation.ts'
import { validateSecurityContext } from './security-context-validation.ts'
import { relativePath } from './volume-validation.ts'

/** What containers may refer to. */
interface Surroundings {
  readonly volumes: ReadonlySet<string>
  readonly claims: ReadonlySet<string>
  readonly hostNetwork: boolean
}

export function validateContainers(
  spec: PodSpec,
  path: FieldPath,
  isPod: boolean,
): readonly FieldError[] {
  const around: Surroundings = {
    volumes: new Set((spec.volumes ?? []).map(({ name }) => name)),
    claims: new Set((spec.resourceClaims ?? []).map(({ name }) => name)),
    hostNetwork: spec.hostNetwork === true,
  }
  const containersPath = path.child('containers')
  const initPath = path.child('initContainers')
  const containers = spec.containers ?? []
  const names = new Set(containers.map(({ name }) => name))
  return [
    ...(containers.length === 0 ? [field.required(containersPath)] : []),
    ...each(containersPath, containers, (container, at) => [
      ...validateContainer(container, around, at),
      ...validateProbes(container, at),
      ...validateHostPorts(container.ports, around, isPod, at.child('ports')),
    ]),
    ...sameName(containers, containersPath),
    ...hostPortConflicts(containers, containersPath),
    ...each(initPath, spec.initContainers, (container, at) => [
      ...validateContainer(container, around, at),
      ...validateInitContainer(container, at),
      ...(names.has(container.name) ? [field.duplicate(at.child('name'), container.name)] : []),
    ]),
    ...sameName(spec.initContainers, initPath),
    ...each(path.child('ephemeralContainers'), spec.ephemeralContainers, (container, at) =>
      validateEphemeralContainer(container, around, spec, at),
    ),
  ]
}

function sameName(
  containers: readonly { readonly name: string }[] | undefined,
  path: FieldPath,
): readonly FieldError[] {
  return duplicates(
    containers,
    ({ name }) => name,
    ({ name }, at) => field.duplicate(path.index(at).child('name'), name),
  )
}

function validateContainer(
  container: Container | EphemeralContainer,
  around: Surroundings,
  path: FieldPath,
): readonly FieldError[] {
  const { name, image = '', terminationMessagePolicy, imagePullPolicy } = container
  return [
    ...requiredText(path.child('name'), name, isDNS1123Label),
    ...requiredText(path.child('image'), image),
    ...(image === image.trim()
      ? []
      : [
          field.invalid(path.child('image'), image, 'must not have leading or trailing whitespace'),
        ]),
    ...oneOfValues(
      path.child('terminationMessagePolicy'),
      terminationMessagePolicy,
      ['File', 'FallbackToLogsOnError'],
      true,
    ),
    ...validatePorts(container.ports, path.child('ports')),
    ...validateEnv(container.env, path.child('env')),
    ...validateEnvFrom(container.envFrom, path.child('envFrom')),
    ...validateMounts(container, around, path),
    ...oneOfValues(
      path.child('imagePullPolicy'),
      imagePullPolicy,
      ['Always', 'IfNotPresent', 'Never'],
      true,
    ),
    ...validateResourceRequirements(container.resources, path.child('resources'), around.claims),
    ...validateSecurityContext(container.securityContext, path.child('securityContext')),
  ]
}

function validatePorts(
  ports: readonly ContainerPort[] | undefined,
  path: FieldPath,
): readonly FieldError[] {
  return [
    ...each(path, ports, ({ name, containerPort, hostPort, protocol }, at) => [
      ...optionalText(at.child('name'), name, isValidPortName),
      ...(containerPort === 0
        ? [field.required(at.child('containerPort'))]
        : portNumber(at.child('containerPort'), containerPort)),
      ...(hostPort === undefined ? [] : portNumber(at.child('hostPort'), hostPort)),
      ...oneOfValues(at.child('protocol'), protocol, ['SCTP', 'TCP', 'UDP'], true),
    ]),
    ...duplicates(
      ports,
      ({ name }) => name,
      ({ name }, at) => field.duplicate(path.index(at).child('name'), name),
    ),
  ]
}

/** On the host's network both ports are one; a template may leave the host's out. */
function validateHostPorts(
  ports: readonly ContainerPort[] | undefined,
  { hostNetwork }: Surroundings,
  isPod: boolean,
  path: FieldPath,
): readonly FieldError[] {
  if (!hostNetwork) return []
  return each(path, ports, ({ hostPort = 0, containerPort }, at) => {
    if (hostPort === containerPort || (hostPort === 0 && !isPod)) return []
    const why = 'must match `containerPort` when `hostNetwork` is true'
    return [field.invalid(at.child('hostPort'), hostPort, why)]
  })
}

function hostPortConflicts(
  containers: readonly Container[],
  path: FieldPath,
): readonly FieldError[] {
  const taken = new Set<string>()
  return containers.flatMap(({ ports }, at) =>
    each(path.index(at).child('ports'), ports, ({ hostPort, hostIP = '', protocol }, portPath) => {
      if (hostPort === undefined) return []
      const key = `${protocol}/${hostIP}/${hostPort}`
      if (taken.has(key)) return [field.duplicate(portPath.child('hostPort'), key)]
      taken.add(key)
      return []
    }),
  )
}

function validateMounts(
  container: Container | EphemeralContainer,
  { volumes }: Surroundings,
  path: FieldPath,
): readonly FieldError[] {
  const privileged = container.securityContext?.privileged === true
  const mountsPath = path.child('volumeMounts')
  const devicesPath = path.child('volumeDevices')
  return [
    ...each(mountsPath, container.volumeMounts, (mount, at) => {
      const { subPath = '', subPathExpr = '', mountPropagation } = mount
      const errors = [...requiredText(at.child('name'), mount.name)]
      if (mount.name !== '' && !volumes.has(mount.name)) {
        errors.push(field.notFound(at.child('name'), mount.name))
      }
      errors.push(...requiredText(at.child('mountPath'), mount.mountPath))
      errors.push(...optionalText(at.child('subPath'), subPath, relativePath))
      errors.push(...optionalText(at.child('subPathExpr'), subPathExpr, relativePath))
      if (subPath !== '' && subPathExpr !== '') {
        const why = 'subPathExpr and subPath are mutually exclusive'
        errors.push(field.invalid(at.child('subPathExpr'), subPathExpr, why))
      }
      const modes = ['Bidirectional', 'HostToContainer', 'None']
      errors.push(...oneOfValues(at.child('mountPropagation'), mountPropagation, modes))
      if (mountPropagation === 'Bidirectional' && !privileged) {
        const why = 'Bidirectional mount propagation is available only to privileged containers'
        errors.push(field.forbidden(at.child('mountPropagation'), why))
      }
      return errors
    }),
    ...duplicates(
      container.volumeMounts,
      ({ mountPath }) => mountPath,
      ({ mountPath }, at) =>
        field.invalid(mountsPath.index(at).child('mountPath'), mountPath, 'must be unique'),
    ),
    ...each(devicesPath, container.volumeDevices, ({ name, devicePath }, at) => [
      ...requiredText(at.child('name'), name),
      ...(name !== '' && !volumes.has(name) ? [field.notFound(at.child('name'), name)] : []),
      ...requiredText(at.child('devicePath'), devicePath),
    ]),
    ...duplicates(
      container.volumeDevices,
      ({ devicePath }) => devicePath,
      ({ devicePath }, at) =>
        field.invalid(devicesPath.index(at).child('devicePath'), devicePath, 'must be unique'),
    ),
  ]
}

/** Only sidecars live long enough to be asked how they are. */
function validateInitContainer(container: Container, path: FieldPath): readonly FieldError[] {
  if (container.restartPolicy === 'Always') return validateProbes(container, path)
  const restartPolicies = ['Always', 'Never', 'OnFailure']
  const errors = [
    ...oneOfValues(path.child('restartPolicy'), container.restartPolicy, restartPolicies),
  ]
  const lasting = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const
  for (const name of lasting) {
    if (container[name] === undefined) continue
    const why = 'may not be set for init containers without restartPolicy=Always'
    errors.push(field.forbidden(path.child(name), why))
  }
  return errors
}

const notForEphemeral = [
  'ports',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
  'resizePolicy',
] as const

function validateEphemeralContainer(
  container: EphemeralContainer,
  around: Surroundings,
  spec: PodSpec,
  path: FieldPath,
): readonly FieldError[] {
  const others = [...(spec.containers ?? []), ...(spec.initContainers ?? [])]
  const target = container.targetContainerName ?? ''
  const errors = [...validateContainer(container, around, path)]
  const twins = (spec.ephemeralContainers ?? []).filter(({ name }) => name === container.name)
  if (twins.length > 1 || others.some(({ name }) => name === container.name)) {
    errors.push(field.duplicate(path.child('name'), container.name))
  }
  if (target !== '' && !others.some(({ name }) => name === target)) {
    errors.push(field.notFound(path.child('targetContainerName'), target))
  }
  for (const name of notForEphemeral) {
    if (container[name] === undefined) continue
    errors.push(field.forbidden(path.child(name), 'cannot be set for an Ephemeral Container'))
  }
  if (container.resources.limits !== undefined || container.resources.requests !== undefined) {
    const why = 'cannot be set for an Ephemeral Container'
    errors.push(field.forbidden(path.child('resources'), why))
  }
  errors.push(
    ...each(path.child('volumeMounts'), container.volumeMounts, ({ subPath, subPathExpr }, at) => [
      ...(subPath === undefined
        ? []
        : [field.forbidden(at.child('subPath'), 'cannot be set for an Ephemeral Container')]),
      ...(subPathExpr === undefined
        ? []
        : [field.forbidden(at.child('subPathExpr'), 'cannot be set for an Ephemeral Container')]),
    ]),
  )
  return errors
}
