import {
  field,
  isDNS1123Label,
  isDNS1123Subdomain,
  isValidIPForLegacyField,
  nameIsDNSSubdomain,
  validateAnnotations,
  validateLabelName,
  validateLabels,
  type FieldError,
  type FieldPath,
} from '#machinery'
import { duplicates, each, inRange, oneOfValues, optionalText, problems } from '../validation.ts'
import {
  validateAffinity,
  validateTolerations,
  validateTopologySpread,
} from './affinity-validation.ts'
import { validateContainers } from './container-validation.ts'
import type { PodSpec } from './pod-spec.ts'
import type { PodTemplateSpec } from './pod-template-spec.ts'
import { validateAmount, validateResourceRequirements } from './resources-validation.ts'
import { validatePodSecurityContext } from './security-context-validation.ts'
import { validateVolumes } from './volume-validation.ts'

const int32Max = 0x7fff_ffff
export const restartPolicies = ['Always', 'OnFailure', 'Never']
const dnsPolicies = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']

export function validatePodTemplateSpec(
  template: PodTemplateSpec,
  path: FieldPath,
): readonly FieldError[] {
  const { metadata, spec } = template
  const errors = [
    ...validateLabels(metadata.labels, path.child('labels')),
    ...validateAnnotations(metadata.annotations, path.child('annotations')),
    ...validatePodSpec(spec, path.child('spec'), { isPod: false }),
  ]
  if (spec.ephemeralContainers !== undefined) {
    const why = 'ephemeral containers not allowed in pod template'
    errors.push(field.forbidden(path.child('spec', 'ephemeralContainers'), why))
  }
  return errors
}

/** What is wrong with a pod, whoever makes it; `isPod` is false inside templates. */
export function validatePodSpec(
  spec: PodSpec,
  path: FieldPath,
  { isPod }: { readonly isPod: boolean },
): readonly FieldError[] {
  const { activeDeadlineSeconds } = spec
  return [
    ...validateVolumes(spec.volumes, path.child('volumes')),
    ...validateContainers(spec, path, isPod),
    ...oneOfValues(path.child('restartPolicy'), spec.restartPolicy, restartPolicies, true),
    ...oneOfValues(path.child('dnsPolicy'), spec.dnsPolicy, dnsPolicies, true),
    ...validateLabels(spec.nodeSelector, path.child('nodeSelector')),
    ...validateHost(spec, path, isPod),
    ...validateNames(spec, path),
    ...validateDns(spec, path),
    ...validateAffinity(spec.affinity, path.child('affinity')),
    ...validateTolerations(spec.tolerations, path.child('tolerations')),
    ...validateTopologySpread(
      spec.topologySpreadConstraints,
      path.child('topologySpreadConstraints'),
    ),
    ...(activeDeadlineSeconds === undefined
      ? []
      : inRange(path.child('activeDeadlineSeconds'), activeDeadlineSeconds, 1, int32Max)),
    ...each(path.child('readinessGates'), spec.readinessGates, ({ conditionType }, at) =>
      validateLabelName(conditionType, at.child('conditionType')),
    ),
    ...validateGates(spec, path.child('schedulingGates')),
    ...oneOfValues(path.child('preemptionPolicy'), spec.preemptionPolicy, [
      'PreemptLowerPriority',
      'Never',
    ]),
    ...oneOfValues(path.child('os', 'name'), spec.os?.name, ['linux', 'windows']),
    ...Object.entries(spec.overhead ?? {}).flatMap(([name, amount]) =>
      validateAmount(name, amount, path.child('overhead').key(name)),
    ),
    ...validateResourceClaims(spec, path.child('resourceClaims')),
    ...(spec.resources === undefined
      ? []
      : validateResourceRequirements(spec.resources, path.child('resources'))),
  ]
}

/** What the pod shares with its node. */
function validateHost(spec: PodSpec, path: FieldPath, isPod: boolean): readonly FieldError[] {
  const errors: FieldError[] = []
  const context = path.child('securityContext')
  const { hostNetwork = false, hostPID = false, hostIPC = false } = spec
  errors.push(...validatePodSecurityContext(spec.securityContext, context, hostNetwork))
  if (spec.shareProcessNamespace === true && hostPID) {
    const why = 'ShareProcessNamespace and HostPID cannot both be enabled'
    errors.push(field.invalid(path.child('shareProcessNamespace'), true, why))
  }
  if (spec.hostUsers === false) {
    for (const [name, on] of Object.entries({ hostNetwork, hostPID, hostIPC })) {
      if (on) errors.push(field.forbidden(path.child(name), 'when `hostUsers` is false'))
    }
  }
  if (isPod && spec.nodeName !== undefined) {
    const { nodeName } = spec
    errors.push(...problems(path.child('nodeName'), nodeName, isDNS1123Subdomain(nodeName)))
  }
  return errors
}

function validateNames(spec: PodSpec, path: FieldPath): readonly FieldError[] {
  const account = path.child('serviceAccountName')
  const asName = (name: string) => nameIsDNSSubdomain(name, false)
  return [
    ...optionalText(account, spec.serviceAccountName, asName),
    ...optionalText(path.child('hostname'), spec.hostname, isDNS1123Label),
    ...optionalText(path.child('subdomain'), spec.subdomain, isDNS1123Label),
    ...optionalText(path.child('priorityClassName'), spec.priorityClassName, asName),
    ...optionalText(path.child('runtimeClassName'), spec.runtimeClassName, asName),
    ...optionalText(path.child('hostnameOverride'), spec.hostnameOverride, isDNS1123Subdomain),
    ...each(path.child('hostAliases'), spec.hostAliases, ({ ip, hostnames }, at) => [
      ...problems(at.child('ip'), ip, isValidIPForLegacyField(ip)),
      ...each(at.child('hostnames'), hostnames, (name) =>
        problems(at.child('hostnames'), name, isDNS1123Subdomain(name)),
      ),
    ]),
  ]
}

const nameserversMax = 3
const searchesMax = 32
const searchesMaxLength = 2048

function validateDns(spec: PodSpec, path: FieldPath): readonly FieldError[] {
  const at = path.child('dnsConfig')
  const { nameservers = [], searches = [], options } = spec.dnsConfig ?? {}
  const errors: FieldError[] = []
  if (spec.dnsPolicy === 'None') {
    if (spec.dnsConfig === undefined) {
      const why = 'must provide `dnsConfig` when `dnsPolicy` is None'
      errors.push(field.required(at, why))
    } else if (nameservers.length === 0) {
      const why = 'must provide at least one DNS nameserver when `dnsPolicy` is None'
      errors.push(field.required(at.child('nameservers'), why))
    }
  }
  if (nameservers.length > nameserversMax) {
    const why = `must not have more than ${nameserversMax} nameservers`
    errors.push(field.invalid(at.child('nameservers'), nameservers, why))
  }
  if (searches.length > searchesMax) {
    const why = `must not have more than ${searchesMax} search paths`
    errors.push(field.invalid(at.child('searches'), searches, why))
  }
  if (searches.join(' ').length > searchesMaxLength) {
    const why = `must not have more than ${searchesMaxLength} characters (including spaces) in the search list`
    errors.push(field.invalid(at.child('searches'), searches, why))
  }
  return [
    ...errors,
    ...each(at.child('nameservers'), nameservers, (ip, item) =>
      problems(item, ip, isValidIPForLegacyField(ip)),
    ),
    ...each(at.child('options'), options, ({ name = '' }, item) =>
      name === '' ? [field.required(item, 'must not be empty')] : [],
    ),
  ]
}

function validateGates(spec: PodSpec, path: FieldPath): readonly FieldError[] {
  return [
    ...each(path, spec.schedulingGates, ({ name }, at) => validateLabelName(name, at)),
    ...duplicates(
      spec.schedulingGates,
      ({ name }) => name,
      ({ name }, at) => field.duplicate(path.index(at), name),
    ),
  ]
}

function validateResourceClaims(spec: PodSpec, path: FieldPath): readonly FieldError[] {
  return [
    ...each(path, spec.resourceClaims, (claim, at) => {
      const { name, resourceClaimName, resourceClaimTemplateName } = claim
      const errors = [...problems(at.child('name'), name, isDNS1123Label(name))]
      const both = resourceClaimName !== undefined && resourceClaimTemplateName !== undefined
      const neither = resourceClaimName === undefined && resourceClaimTemplateName === undefined
      if (both) {
        const why =
          'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified'
        errors.push(field.invalid(at, claim, why))
      }
      if (neither) {
        const why = 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`'
        errors.push(field.invalid(at, claim, why))
      }
      return errors
    }),
    ...duplicates(
      spec.resourceClaims,
      ({ name }) => name,
      ({ name }, at) => field.duplicate(path.index(at).child('name'), name),
    ),
  ]
}
