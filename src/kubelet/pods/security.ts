import type { Container, Pod } from '#api'
import type { Image } from '../runtime/runtime.ts'
import type { ContainerSecurity, NamespaceOptions, SecurityProfile } from '../runtime/config.ts'
import { ConfigError } from './environment.ts'
import { containersOf, ephemeralContainersOf, initContainersOf, podText } from './observed.ts'

/** Of /proc and /sys what containers do not see, and what they see but cannot write. */
const maskedPaths = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
]
const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']

export function namespacesOf({ spec }: Pod): NamespaceOptions {
  return {
    network: spec.hostNetwork === true ? 'NODE' : 'POD',
    pid: spec.hostPID === true ? 'NODE' : spec.shareProcessNamespace === true ? 'POD' : 'CONTAINER',
    ipc: spec.hostIPC === true ? 'NODE' : 'POD',
  }
}

/** What a container may do: its own settings, and the pod's where it has none. */
export function containerSecurity(pod: Pod, container: Container, image: Image): ContainerSecurity {
  const own = container.securityContext ?? {}
  const common = pod.spec.securityContext ?? {}
  const runAsUser = own.runAsUser ?? common.runAsUser
  const runAsGroup = own.runAsGroup ?? common.runAsGroup
  verifyNonRoot(pod, container, image, runAsUser)
  const privileged = own.privileged === true
  const unmasked = privileged || own.procMount === 'Unmasked'
  const user = runAsUser ?? (image.username === '' ? (image.uid ?? 0) : undefined)
  return {
    capabilities: {
      addCapabilities: own.capabilities?.add ?? [],
      dropCapabilities: own.capabilities?.drop ?? [],
    },
    privileged,
    namespaceOptions: namespacesOf(pod),
    ...(user === undefined ? {} : { runAsUser: { value: user } }),
    ...(runAsGroup === undefined ? {} : { runAsGroup: { value: runAsGroup } }),
    runAsUsername: user === undefined ? image.username : '',
    readonlyRootfs: own.readOnlyRootFilesystem === true,
    supplementalGroups: supplementalGroups(pod),
    noNewPrivs: own.allowPrivilegeEscalation === false,
    maskedPaths: unmasked ? [] : maskedPaths,
    readonlyPaths: unmasked ? [] : readonlyPaths,
    seccomp: seccompOf(own.seccompProfile ?? common.seccompProfile),
  }
}

/** The user that all containers are told to run as; undefined where they are not, or differ. */
export function commonUser(pod: Pod): number | undefined {
  const all = [...initContainersOf(pod), ...containersOf(pod), ...ephemeralContainersOf(pod)]
  const users = all.map(
    ({ securityContext }) => securityContext?.runAsUser ?? pod.spec.securityContext?.runAsUser,
  )
  return users.every((user) => user === users[0]) ? users[0] : undefined
}

export function supplementalGroups({ spec }: Pod): readonly number[] {
  const { supplementalGroups: groups = [], fsGroup } = spec.securityContext ?? {}
  return fsGroup === undefined ? groups : [...groups, fsGroup]
}

export function seccompOf(
  profile: { readonly type?: string; readonly localhostProfile?: string } | undefined,
): SecurityProfile {
  switch (profile?.type) {
    case 'RuntimeDefault':
      return { profileType: 'RuntimeDefault', localhostRef: '' }
    case 'Localhost':
      return { profileType: 'Localhost', localhostRef: profile.localhostProfile ?? '' }
    default:
      return { profileType: 'Unconfined', localhostRef: '' }
  }
}

function verifyNonRoot(
  pod: Pod,
  container: Container,
  image: Image,
  runAsUser: number | undefined,
): void {
  const must = container.securityContext?.runAsNonRoot ?? pod.spec.securityContext?.runAsNonRoot
  if (must !== true) return
  const where = `(pod: "${podText(pod)}", container: ${container.name})`
  if (runAsUser !== undefined) {
    if (runAsUser === 0) {
      throw new ConfigError(`container's runAsUser breaks non-root policy ${where}`)
    }
  } else if (image.username !== '') {
    throw new ConfigError(
      `container has runAsNonRoot and image has non-numeric user (${image.username}), ` +
        `cannot verify user is non-root ${where}`,
    )
  } else if ((image.uid ?? 0) === 0) {
    throw new ConfigError(`container has runAsNonRoot and image will run as root ${where}`)
  }
}
