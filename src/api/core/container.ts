import { boolean, int32, item, list, pointer, type ReadOf, string, struct, value } from '#machinery'
import { defaultImagePullPolicy } from './image-pull-policy.ts'
import { EnvFromSource, EnvVar } from './env.ts'
import { Lifecycle, Probe } from './probe.ts'
import { ResourceRequirements } from './resource-requirements.ts'
import { SecurityContext } from './security-context.ts'

export const Container = struct(
  'io.k8s.api.core.v1.Container',
  () => ({
    name: string(1).emit().required(),
    image: string(2),
    command: list(item.string, 3),
    args: list(item.string, 4),
    workingDir: string(5),
    ports: list(ContainerPort, 6)
      .mapBy('containerPort', 'protocol')
      .patch('merge', 'containerPort'),
    envFrom: list(EnvFromSource, 19),
    env: list(EnvVar, 7).mapBy('name').patch('merge', 'name'),
    resources: value(ResourceRequirements, 8),
    resizePolicy: list(ContainerResizePolicy, 23),
    restartPolicy: string(24).values('Always', 'Never', 'OnFailure').keep(),
    restartPolicyRules: list(ContainerRestartRule, 25),
    volumeMounts: list(VolumeMount, 9).mapBy('mountPath').patch('merge', 'mountPath'),
    volumeDevices: list(VolumeDevice, 21).mapBy('devicePath').patch('merge', 'devicePath'),
    livenessProbe: pointer(Probe, 10),
    readinessProbe: pointer(Probe, 11),
    startupProbe: pointer(Probe, 22),
    lifecycle: pointer(Lifecycle, 12),
    terminationMessagePath: string(13).default('/dev/termination-log'),
    terminationMessagePolicy: string(20).values('FallbackToLogsOnError', 'File').default('File'),
    imagePullPolicy: string(14).values('Always', 'IfNotPresent', 'Never'),
    securityContext: pointer(SecurityContext, 15),
    stdin: boolean(16),
    stdinOnce: boolean(17),
    tty: boolean(18),
  }),
  {
    defaults(container) {
      container.imagePullPolicy ??= defaultImagePullPolicy(container.image)
    },
  },
)
export type Container = ReadOf<typeof Container>

export const ContainerPort = struct('io.k8s.api.core.v1.ContainerPort', () => ({
  name: string(1),
  hostPort: int32(2),
  containerPort: int32(3).emit().required(),
  protocol: string(4).values('SCTP', 'TCP', 'UDP').default('TCP'),
  hostIP: string(5),
}))
export type ContainerPort = ReadOf<typeof ContainerPort>

export const ContainerResizePolicy = struct('io.k8s.api.core.v1.ContainerResizePolicy', () => ({
  resourceName: string(1).emit().required(),
  restartPolicy: string(2).values('NotRequired', 'RestartContainer').emit().required(),
}))
export type ContainerResizePolicy = ReadOf<typeof ContainerResizePolicy>

export const ContainerRestartRule = struct('io.k8s.api.core.v1.ContainerRestartRule', () => ({
  action: string(1).values('Restart', 'RestartAllContainers').required(),
  exitCodes: pointer(ContainerRestartRuleOnExitCodes, 2),
}))
export type ContainerRestartRule = ReadOf<typeof ContainerRestartRule>

export const ContainerRestartRuleOnExitCodes = struct(
  'io.k8s.api.core.v1.ContainerRestartRuleOnExitCodes',
  () => ({
    operator: string(1).values('In', 'NotIn').required(),
    values: list(item.int32, 2).set(),
  }),
)
export type ContainerRestartRuleOnExitCodes = ReadOf<typeof ContainerRestartRuleOnExitCodes>

export const VolumeMount = struct('io.k8s.api.core.v1.VolumeMount', () => ({
  name: string(1).emit().required(),
  readOnly: boolean(2),
  recursiveReadOnly: string(7).values('Disabled', 'Enabled', 'IfPossible').keep(),
  mountPath: string(3).emit().required(),
  subPath: string(4),
  mountPropagation: string(5).values('Bidirectional', 'HostToContainer', 'None').keep(),
  subPathExpr: string(6),
}))
export type VolumeMount = ReadOf<typeof VolumeMount>

export const VolumeDevice = struct('io.k8s.api.core.v1.VolumeDevice', () => ({
  name: string(1).emit().required(),
  devicePath: string(2).emit().required(),
}))
export type VolumeDevice = ReadOf<typeof VolumeDevice>

export const EphemeralContainer = struct(
  'io.k8s.api.core.v1.EphemeralContainer',
  () => ({
    name: string(1).emit().inlineIn(1).required(),
    image: string(2).inlineIn(1),
    command: list(item.string, 3).inlineIn(1),
    args: list(item.string, 4).inlineIn(1),
    workingDir: string(5).inlineIn(1),
    ports: list(ContainerPort, 6)
      .mapBy('containerPort', 'protocol')
      .patch('merge', 'containerPort')
      .inlineIn(1),
    envFrom: list(EnvFromSource, 19).inlineIn(1),
    env: list(EnvVar, 7).mapBy('name').patch('merge', 'name').inlineIn(1),
    resources: value(ResourceRequirements, 8).inlineIn(1),
    resizePolicy: list(ContainerResizePolicy, 23).inlineIn(1),
    restartPolicy: string(24).keep().inlineIn(1),
    restartPolicyRules: list(ContainerRestartRule, 25).inlineIn(1),
    volumeMounts: list(VolumeMount, 9).mapBy('mountPath').patch('merge', 'mountPath').inlineIn(1),
    volumeDevices: list(VolumeDevice, 21)
      .mapBy('devicePath')
      .patch('merge', 'devicePath')
      .inlineIn(1),
    livenessProbe: pointer(Probe, 10).inlineIn(1),
    readinessProbe: pointer(Probe, 11).inlineIn(1),
    startupProbe: pointer(Probe, 22).inlineIn(1),
    lifecycle: pointer(Lifecycle, 12).inlineIn(1),
    terminationMessagePath: string(13).default('/dev/termination-log').inlineIn(1),
    terminationMessagePolicy: string(20).default('File').inlineIn(1),
    imagePullPolicy: string(14).inlineIn(1),
    securityContext: pointer(SecurityContext, 15).inlineIn(1),
    stdin: boolean(16).inlineIn(1),
    stdinOnce: boolean(17).inlineIn(1),
    tty: boolean(18).inlineIn(1),
    targetContainerName: string(2),
  }),
  {
    defaults(container) {
      container.imagePullPolicy ??= defaultImagePullPolicy(container.image)
    },
  },
)
export type EphemeralContainer = ReadOf<typeof EphemeralContainer>
