import {
  field,
  isDNS1123Label,
  isDNS1123Subdomain,
  regexError,
  type FieldError,
  type FieldPath,
  type Whole,
} from '#machinery'
import { unchanged } from '../immutable.ts'
import { oneOfValues, problems, specPath } from '../validation.ts'
import type { IngressClassParametersReference, IngressClassSchema } from './ingress-class.ts'
import { validateReference } from './ingress-validation.ts'

type IngressClass = Whole<typeof IngressClassSchema>

const controllerPath = specPath.child('controller')
const controllerMaxLength = 250

export function validateIngressClass({ spec }: IngressClass): readonly FieldError[] {
  const { controller = '', parameters } = spec
  const errors: FieldError[] = []
  if (controller.length > controllerMaxLength) {
    errors.push(field.tooLong(controllerPath, controllerMaxLength))
  }
  errors.push(...validateDomainPrefixedPath(controller, controllerPath))
  if (parameters === undefined) return errors
  return [...errors, ...validateParameters(parameters, specPath.child('parameters'))]
}

export function validateIngressClassUpdate(
  ingress: IngressClass,
  old: IngressClass,
): readonly FieldError[] {
  return [
    ...unchanged(controllerPath, ingress.spec.controller, old.spec.controller),
    ...validateIngressClass(ingress),
  ]
}

const httpPathFormat = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+"
const httpPath = new RegExp(`^${httpPathFormat}$`)

/** `acme.io/foo`: a name in a domain of one's own. */
function validateDomainPrefixedPath(text: string, path: FieldPath): readonly FieldError[] {
  if (text === '') return [field.required(path)]
  const slash = text.indexOf('/')
  const domain = text.slice(0, Math.max(slash, 0))
  const rest = text.slice(slash + 1)
  if (domain === '' || rest === '') {
    return [field.invalid(path, text, 'must be a domain-prefixed path (such as "acme.io/foo")')]
  }
  return [
    ...problems(path, domain, isDNS1123Subdomain(domain)),
    ...(httpPath.test(rest)
      ? []
      : [field.invalid(path, rest, regexError('Invalid path', httpPathFormat))]),
  ]
}

function validateParameters(
  reference: IngressClassParametersReference,
  path: FieldPath,
): readonly FieldError[] {
  const { scope, namespace } = reference
  const namespacePath = path.child('namespace')
  const errors = [
    ...validateReference(reference, path),
    ...oneOfValues(path.child('scope'), scope, ['Cluster', 'Namespace'], true),
  ]
  if (scope === 'Cluster' && namespace !== undefined) {
    errors.push(field.forbidden(namespacePath, "`parameters.scope` is set to 'Cluster'"))
  }
  if (scope !== 'Namespace') return errors
  if ((namespace ?? '') === '') {
    return [...errors, field.required(namespacePath, "`parameters.scope` is set to 'Namespace'")]
  }
  return [...errors, ...problems(namespacePath, namespace, isDNS1123Label(namespace ?? ''))]
}
