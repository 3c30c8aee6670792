import { boolean, int64, item, list, pointer, type ReadOf, string, struct } from '#machinery'

export const PodSecurityContext = struct('io.k8s.api.core.v1.PodSecurityContext', () => ({
  seLinuxOptions: pointer(SELinuxOptions, 1),
  windowsOptions: pointer(WindowsSecurityContextOptions, 8),
  runAsUser: int64(2).keep(),
  runAsGroup: int64(6).keep(),
  runAsNonRoot: boolean(3).keep(),
  supplementalGroups: list(item.int64, 4),
  supplementalGroupsPolicy: string(12).values('Merge', 'Strict').keep(),
  fsGroup: int64(5).keep(),
  sysctls: list(Sysctl, 7),
  fsGroupChangePolicy: string(9).values('Always', 'OnRootMismatch').keep(),
  seccompProfile: pointer(SeccompProfile, 10),
  appArmorProfile: pointer(AppArmorProfile, 11),
  seLinuxChangePolicy: string(13).values('MountOption', 'Recursive').keep(),
}))
export type PodSecurityContext = ReadOf<typeof PodSecurityContext>

export const SELinuxOptions = struct('io.k8s.api.core.v1.SELinuxOptions', () => ({
  user: string(1),
  role: string(2),
  type: string(3),
  level: string(4),
}))
export type SELinuxOptions = ReadOf<typeof SELinuxOptions>

export const WindowsSecurityContextOptions = struct(
  'io.k8s.api.core.v1.WindowsSecurityContextOptions',
  () => ({
    gmsaCredentialSpecName: string(1).keep(),
    gmsaCredentialSpec: string(2).keep(),
    runAsUserName: string(3).keep(),
    hostProcess: boolean(4).keep(),
  }),
)
export type WindowsSecurityContextOptions = ReadOf<typeof WindowsSecurityContextOptions>

export const Sysctl = struct('io.k8s.api.core.v1.Sysctl', () => ({
  name: string(1).emit().required(),
  value: string(2).emit().required(),
}))
export type Sysctl = ReadOf<typeof Sysctl>

export const SeccompProfile = struct(
  'io.k8s.api.core.v1.SeccompProfile',
  () => ({
    type: string(1).values('Localhost', 'RuntimeDefault', 'Unconfined').emit().required(),
    localhostProfile: string(2).keep(),
  }),
  { unions: [{ discriminator: 'type', fields: { localhostProfile: 'LocalhostProfile' } }] },
)
export type SeccompProfile = ReadOf<typeof SeccompProfile>

export const AppArmorProfile = struct(
  'io.k8s.api.core.v1.AppArmorProfile',
  () => ({
    type: string(1).values('Localhost', 'RuntimeDefault', 'Unconfined').emit().required(),
    localhostProfile: string(2).keep(),
  }),
  { unions: [{ discriminator: 'type', fields: { localhostProfile: 'LocalhostProfile' } }] },
)
export type AppArmorProfile = ReadOf<typeof AppArmorProfile>

export const SecurityContext = struct('io.k8s.api.core.v1.SecurityContext', () => ({
  capabilities: pointer(Capabilities, 1),
  privileged: boolean(2).keep(),
  seLinuxOptions: pointer(SELinuxOptions, 3),
  windowsOptions: pointer(WindowsSecurityContextOptions, 10),
  runAsUser: int64(4).keep(),
  runAsGroup: int64(8).keep(),
  runAsNonRoot: boolean(5).keep(),
  readOnlyRootFilesystem: boolean(6).keep(),
  allowPrivilegeEscalation: boolean(7).keep(),
  procMount: string(9).values('Default', 'Unmasked').keep(),
  seccompProfile: pointer(SeccompProfile, 11),
  appArmorProfile: pointer(AppArmorProfile, 12),
}))
export type SecurityContext = ReadOf<typeof SecurityContext>

export const Capabilities = struct('io.k8s.api.core.v1.Capabilities', () => ({
  add: list(item.string, 1),
  drop: list(item.string, 2),
}))
export type Capabilities = ReadOf<typeof Capabilities>
