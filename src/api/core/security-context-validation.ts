import { field, isValidGroupID, isValidUserID, type FieldError, type FieldPath } from '#machinery'
import { each, oneOfValues, problems } from '../validation.ts'
import type {
  AppArmorProfile,
  PodSecurityContext,
  SeccompProfile,
  SecurityContext,
} from './security-context.ts'

export function validateSecurityContext(
  context: SecurityContext | undefined,
  path: FieldPath,
): readonly FieldError[] {
  if (context === undefined) return []
  const { privileged = false, allowPrivilegeEscalation, capabilities } = context
  const errors = [
    ...validateIds(context, path),
    ...oneOfValues(path.child('procMount'), context.procMount, ['Default', 'Unmasked']),
    ...validateProfiles(context, path),
  ]
  if (allowPrivilegeEscalation === false) {
    const at = path.child('allowPrivilegeEscalation')
    const start = 'cannot set `allowPrivilegeEscalation` to false and'
    if (privileged) errors.push(field.invalid(at, false, `${start} \`privileged\` to true`))
    if (capabilities?.add?.includes('CAP_SYS_ADMIN') === true) {
      errors.push(field.invalid(at, false, `${start} \`capabilities.Add\` CAP_SYS_ADMIN`))
    }
  }
  return errors
}

export function validatePodSecurityContext(
  context: PodSecurityContext | undefined,
  path: FieldPath,
  hostNetwork: boolean,
): readonly FieldError[] {
  if (context === undefined) return []
  const { fsGroup, supplementalGroups, sysctls } = context
  return [
    ...(fsGroup === undefined
      ? []
      : problems(path.child('fsGroup'), fsGroup, isValidGroupID(fsGroup))),
    ...validateIds(context, path),
    ...each(path.child('supplementalGroups'), supplementalGroups, (group, at) =>
      problems(at, group, isValidGroupID(group)),
    ),
    ...each(path.child('sysctls'), sysctls, ({ name }, at) =>
      validateSysctl(name, at.child('name'), hostNetwork),
    ),
    ...oneOfValues(path.child('fsGroupChangePolicy'), context.fsGroupChangePolicy, [
      'OnRootMismatch',
      'Always',
    ]),
    ...oneOfValues(path.child('supplementalGroupsPolicy'), context.supplementalGroupsPolicy, [
      'Merge',
      'Strict',
    ]),
    ...validateProfiles(context, path),
  ]
}

function validateIds(
  { runAsUser, runAsGroup }: { readonly runAsUser?: number; readonly runAsGroup?: number },
  path: FieldPath,
): readonly FieldError[] {
  return [
    ...(runAsUser === undefined
      ? []
      : problems(path.child('runAsUser'), runAsUser, isValidUserID(runAsUser))),
    ...(runAsGroup === undefined
      ? []
      : problems(path.child('runAsGroup'), runAsGroup, isValidGroupID(runAsGroup))),
  ]
}

function validateProfiles(
  context: {
    readonly seccompProfile?: SeccompProfile
    readonly appArmorProfile?: AppArmorProfile
  },
  path: FieldPath,
): readonly FieldError[] {
  const { seccompProfile, appArmorProfile } = context
  return [
    ...validateProfile(seccompProfile, path.child('seccompProfile'), 'seccomp'),
    ...validateProfile(appArmorProfile, path.child('appArmorProfile'), 'AppArmor'),
  ]
}

/** A profile on the node has a name, the others have none. */
function validateProfile(
  profile: SeccompProfile | AppArmorProfile | undefined,
  path: FieldPath,
  what: string,
): readonly FieldError[] {
  if (profile === undefined) return []
  const { type, localhostProfile } = profile
  const at = path.child('localhostProfile')
  if (type === 'Localhost') {
    if (localhostProfile !== undefined && localhostProfile !== '') return []
    return [field.required(at, `must be set when ${what} type is Localhost`)]
  }
  const types = ['Localhost', 'RuntimeDefault', 'Unconfined']
  const errors = [...oneOfValues(path.child('type'), type, types, true)]
  if (localhostProfile !== undefined) {
    const why = `can only be set when ${what} type is Localhost`
    errors.push(field.invalid(at, localhostProfile, why))
  }
  return errors
}

const sysctlPart = '[a-z0-9](?:[-_a-z0-9]*[a-z0-9])?'
const sysctlFormat = new RegExp(`^(?:${sysctlPart}[./])*${sysctlPart}$`)
const sysctlMaxLength = 253

function validateSysctl(
  name: string,
  path: FieldPath,
  hostNetwork: boolean,
): readonly FieldError[] {
  if (name === '') return [field.required(path)]
  if (name.length > sysctlMaxLength || !sysctlFormat.test(name)) {
    const why = `must have at most ${sysctlMaxLength} characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$`
    return [field.invalid(path, name, why)]
  }
  if (hostNetwork && name.startsWith('net.')) {
    return [field.invalid(path, name, "may not be specified when 'hostNetwork' is set to true")]
  }
  return []
}
