import {
  field,
  isConfigMapKey,
  isDNS1123Subdomain,
  isQualifiedName,
  isRelaxedEnvVarName,
  parseQuantity,
  type FieldError,
  type FieldPath,
} from '#machinery'
import { each, problems, requiredText } from '../validation.ts'
import type { EnvFromSource, EnvVar, ObjectFieldSelector, ResourceFieldSelector } from './env.ts'

/** What a variable can be told about its pod. */
const envFields = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]
const sources = '`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`'

export function validateEnv(
  variables: readonly EnvVar[] | undefined,
  path: FieldPath,
): readonly FieldError[] {
  return each(path, variables, (variable, at) => [
    ...requiredText(at.child('name'), variable.name, isRelaxedEnvVarName),
    ...validateValueFrom(variable, at.child('valueFrom')),
  ])
}

function validateValueFrom(
  { value = '', valueFrom }: EnvVar,
  path: FieldPath,
): readonly FieldError[] {
  if (valueFrom === undefined) return []
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = valueFrom
  const errors: FieldError[] = []
  if (fieldRef !== undefined) {
    errors.push(...validateFieldRef(fieldRef, envFields, path.child('fieldRef')))
  }
  if (resourceFieldRef !== undefined) {
    errors.push(...validateResourceFieldRef(resourceFieldRef, path.child('resourceFieldRef')))
  }
  for (const [name, selector] of Object.entries({ configMapKeyRef, secretKeyRef })) {
    if (selector === undefined) continue
    errors.push(...requiredText(path.child(name, 'name'), selector.name, isDNS1123Subdomain))
    errors.push(...requiredText(path.child(name, 'key'), selector.key, isConfigMapKey))
  }
  if (fileKeyRef !== undefined) {
    const at = path.child('fileKeyRef')
    errors.push(...requiredText(at.child('key'), fileKeyRef.key, isRelaxedEnvVarName))
    errors.push(...requiredText(at.child('volumeName'), fileKeyRef.volumeName))
    errors.push(...requiredText(at.child('path'), fileKeyRef.path))
  }
  const given = Object.values(valueFrom).filter((source) => source !== undefined).length
  if (given === 0) errors.push(field.invalid(path, '', `must specify one of: ${sources}`))
  else if (value !== '') {
    errors.push(field.invalid(path, '', 'may not be specified when `value` is not empty'))
  } else if (given > 1) {
    errors.push(field.invalid(path, '', 'may not have more than one field specified at a time'))
  }
  return errors
}

const subscript = /^(metadata\.(?:annotations|labels))\['(.*)'\]$/

/** A field of the pod; labels and annotations one by one, or all of them where the list says so. */
export function validateFieldRef(
  { apiVersion, fieldPath }: ObjectFieldSelector,
  allowed: readonly string[],
  path: FieldPath,
): readonly FieldError[] {
  if (apiVersion === '') return [field.required(path.child('apiVersion'))]
  const at = path.child('fieldPath')
  if (fieldPath === '') return [field.required(at)]
  const [, , key] = subscript.exec(fieldPath) ?? []
  if (key !== undefined) {
    const name = fieldPath.startsWith('metadata.annotations') ? key.toLowerCase() : key
    return problems(at, key, isQualifiedName(name))
  }
  return allowed.includes(fieldPath) ? [] : [field.notSupported(at, fieldPath, allowed)]
}

const measurable = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
]
const divisors: Readonly<Record<string, readonly string[]>> = {
  cpu: ['1m', '1'],
  other: ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'],
}

export function validateResourceFieldRef(
  { containerName = '', resource, divisor }: ResourceFieldSelector,
  path: FieldPath,
  inVolume = false,
): readonly FieldError[] {
  if (inVolume && containerName === '') return [field.required(path.child('containerName'))]
  const at = path.child('resource')
  if (resource === '') return [field.required(at)]
  if (!measurable.includes(resource) && !/^(limits|requests)\.hugepages-/.test(resource)) {
    return [field.notSupported(at, resource, measurable)]
  }
  if (parseQuantity(divisor).isZero) return []
  const kind = resource.endsWith('.cpu') ? 'cpu' : 'other'
  const valid = divisors[kind] ?? []
  if (valid.includes(divisor)) return []
  const why =
    kind === 'cpu'
      ? "only divisor's values 1m and 1 are supported with the cpu resource"
      : `only divisor's values ${valid.join(', ')} are supported with the ${resource.replace(/^\w+\./, '')} resource`
  return [field.invalid(path.child('divisor'), divisor, why)]
}

export function validateEnvFrom(
  list: readonly EnvFromSource[] | undefined,
  path: FieldPath,
): readonly FieldError[] {
  return each(path, list, ({ prefix = '', configMapRef, secretRef }, at) => {
    const errors = [
      ...(prefix === '' ? [] : problems(at.child('prefix'), prefix, isRelaxedEnvVarName(prefix))),
      ...(configMapRef === undefined
        ? []
        : requiredText(at.child('configMapRef', 'name'), configMapRef.name, isDNS1123Subdomain)),
      ...(secretRef === undefined
        ? []
        : requiredText(at.child('secretRef', 'name'), secretRef.name, isDNS1123Subdomain)),
    ]
    if (configMapRef === undefined && secretRef === undefined) {
      errors.push(field.invalid(at, '', 'must specify one of: `configMapRef` or `secretRef`'))
    } else if (configMapRef !== undefined && secretRef !== undefined) {
      errors.push(field.invalid(at, '', 'may not have more than one field specified at a time'))
    }
    return errors
  })
}
