import {
  field,
  isDNS1035Label,
  isDNS1123Subdomain,
  isValidIPForLegacyField,
  isValidPathSegmentName,
  isValidPortName,
  isValidPortNum,
  isWildcardDNS1123Subdomain,
  parseIp,
  type FieldError,
  FieldPath,
  type Whole,
} from '#machinery'
import type { TypedLocalObjectReference } from '../core/object-reference.ts'
import { each, oneOfValues, optionalText, problems, specPath, statusPath } from '../validation.ts'
import type {
  HTTPIngressPath,
  IngressBackend,
  IngressRule,
  IngressSchema,
  IngressServiceBackend,
  IngressSpec,
  IngressTLS,
} from './ingress.ts'

type Ingress = Whole<typeof IngressSchema>

export const ingressClassAnnotation = 'kubernetes.io/ingress.class'
const annotationsPath = FieldPath.root('annotations')

/** The class has an old name, an annotation; a new object says the same by both. */
export function validateIngressCreate(ingress: Ingress): readonly FieldError[] {
  const errors = validateIngress(ingress)
  const old = ingress.metadata.annotations?.[ingressClassAnnotation]
  const { ingressClassName } = ingress.spec
  if (old === undefined || ingressClassName === undefined || old === ingressClassName) return errors
  const path = annotationsPath.child(ingressClassAnnotation)
  const why = 'must match `ingressClassName` when both are specified'
  return [...errors, field.invalid(path, old, why)]
}

export function validateIngress({ spec }: Ingress): readonly FieldError[] {
  const { ingressClassName = '', defaultBackend, rules = [], tls } = spec
  return [
    ...requireSomething(spec),
    ...(defaultBackend === undefined
      ? []
      : validateBackend(defaultBackend, specPath.child('defaultBackend'))),
    ...each(specPath.child('rules'), rules, validateRule),
    ...each(specPath.child('tls'), tls, validateTLS),
    ...optionalText(specPath.child('ingressClassName'), ingressClassName, isDNS1123Subdomain),
  ]
}

export function validateIngressStatus({ status }: Ingress): readonly FieldError[] {
  const path = statusPath.child('loadBalancer', 'ingress')
  return each(path, status.loadBalancer.ingress, ({ ip, hostname }, at) => [
    ...optionalText(at.child('ip'), ip, isValidIPForLegacyField),
    ...(hostname === undefined ? [] : validateHostname(hostname, at.child('hostname'))),
  ])
}

export function ingressWarnings(
  { metadata }: Ingress,
  old: Ingress | undefined,
): readonly string[] {
  const isNew = old === undefined && metadata.annotations?.[ingressClassAnnotation] !== undefined
  if (!isNew) return []
  return [
    `annotation "${ingressClassAnnotation}" is deprecated, please use 'spec.ingressClassName' instead`,
  ]
}

function requireSomething({ rules = [], defaultBackend }: IngressSpec): readonly FieldError[] {
  if (rules.length > 0 || defaultBackend !== undefined) return []
  const why = 'either `defaultBackend` or `rules` must be specified'
  return [field.invalid(specPath, rules, why)]
}

function validateRule({ host = '', http }: IngressRule, path: FieldPath): readonly FieldError[] {
  const hostPath = path.child('host')
  const errors: FieldError[] = []
  if (host.includes('*')) errors.push(...problems(hostPath, host, isWildcardDNS1123Subdomain(host)))
  else if (host !== '') errors.push(...validateHostname(host, hostPath))
  if (http === undefined) return errors
  const pathsPath = path.child('http', 'paths')
  const paths = http.paths ?? []
  if (paths.length === 0) errors.push(field.required(pathsPath))
  return [...errors, ...each(pathsPath, paths, validatePath)]
}

function validateHostname(host: string, path: FieldPath): readonly FieldError[] {
  const address = parseIp(host, true) !== undefined
  return [
    ...(address ? [field.invalid(path, host, 'must be a DNS name, not an IP address')] : []),
    ...problems(path, host, isDNS1123Subdomain(host)),
  ]
}

const pathTypes = ['Exact', 'ImplementationSpecific', 'Prefix']
/** What a path that is compared literally may not contain, as it could be written otherwise. */
const forbiddenParts = ['//', '/./', '/../', '%2f', '%2F']
const forbiddenEnds = ['/..', '/.']

function validatePath(
  { path: text = '', pathType, backend }: HTTPIngressPath,
  at: FieldPath,
): readonly FieldError[] {
  const typePath = at.child('pathType')
  if (pathType === null) return [field.required(typePath, 'pathType must be specified')]
  const textPath = at.child('path')
  const invalid = (why: string) => field.invalid(textPath, text, why)
  const errors: FieldError[] = [...oneOfValues(typePath, pathType, pathTypes)]
  const literal = pathType === 'Exact' || pathType === 'Prefix'
  const rooted = literal || (pathType === 'ImplementationSpecific' && text !== '')
  if (rooted && !text.startsWith('/')) errors.push(invalid('must be an absolute path'))
  if (literal) {
    for (const part of forbiddenParts) {
      if (text.includes(part)) errors.push(invalid(`must not contain '${part}'`))
    }
    for (const end of forbiddenEnds) {
      if (text.endsWith(end)) errors.push(invalid(`cannot end with '${end}'`))
    }
  }
  return [...errors, ...validateBackend(backend, at.child('backend'))]
}

function validateBackend(
  { service, resource }: IngressBackend,
  path: FieldPath,
): readonly FieldError[] {
  if (service !== undefined && resource !== undefined) {
    return [field.invalid(path, '', 'cannot set both resource and service backends')]
  }
  if (resource !== undefined) return validateReference(resource, path.child('resource'))
  if (service !== undefined) return validateService(service, path)
  return [field.invalid(path, '', 'resource or service backend is required')]
}

function validateService(
  { name, port }: IngressServiceBackend,
  path: FieldPath,
): readonly FieldError[] {
  const namePath = path.child('service', 'name')
  const portPath = path.child('service', 'port')
  const { name: portName = '', number = 0 } = port
  const errors =
    name === '' ? [field.required(namePath)] : [...problems(namePath, name, isDNS1035Label(name))]
  if (portName !== '' && number !== 0) {
    return [...errors, field.invalid(path, '', 'cannot set both port name & port number')]
  }
  if (portName !== '') {
    return [...errors, ...problems(portPath.child('name'), portName, isValidPortName(portName))]
  }
  if (number !== 0) {
    return [...errors, ...problems(portPath.child('number'), number, isValidPortNum(number))]
  }
  return [...errors, field.required(path, 'port name or number is required')]
}

/** An object of the same namespace, or of the cluster. */
export function validateReference(
  {
    apiGroup,
    kind,
    name,
  }: Pick<TypedLocalObjectReference, 'kind' | 'name'> & {
    readonly apiGroup?: string | null
  },
  path: FieldPath,
): readonly FieldError[] {
  const named = (part: 'kind' | 'name', value: string) =>
    value === ''
      ? [field.required(path.child(part), `${part} is required`)]
      : problems(path.child(part), value, isValidPathSegmentName(value))
  return [
    ...(apiGroup === undefined || apiGroup === null
      ? []
      : problems(path.child('apiGroup'), apiGroup, isDNS1123Subdomain(apiGroup))),
    ...named('kind', kind),
    ...named('name', name),
  ]
}

function validateTLS({ hosts, secretName }: IngressTLS, path: FieldPath): readonly FieldError[] {
  return [
    ...each(path.child('hosts'), hosts, (host, at) =>
      problems(
        at,
        host,
        host.includes('*') ? isWildcardDNS1123Subdomain(host) : isDNS1123Subdomain(host),
      ),
    ),
    ...optionalText(path.child('secretName'), secretName, isDNS1123Subdomain),
  ]
}
