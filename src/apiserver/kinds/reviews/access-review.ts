import {
  LocalSubjectAccessReview,
  SelfSubjectAccessReview,
  SubjectAccessReview,
  type NonResourceAttributes,
  type ResourceAttributes,
  type SubjectAccessReviewSpec,
} from '#api'
import {
  errors,
  field,
  FieldPath,
  parseFieldSelector,
  parseLabelSelector,
  type FieldError,
  type KubeObject,
  type Resource,
} from '#machinery'
import type { UserInfo } from '../../authentication/user.ts'
import type { Attributes, SelectorRequirement } from '../../authorization/authorizer.ts'
import type { KindDependencies } from '../dependencies.ts'
import type { KindHooks } from '../kind-hooks.ts'
import { admitVirtual, createdAnswer, readVirtual, settleNamespace } from '../virtual.ts'

const specPath = FieldPath.root('spec')

interface AccessReview extends KubeObject {
  readonly spec: SubjectAccessReviewSpec
}

/** Whether a user may do something: of any user, of any user in one namespace, of the caller. */
export function accessReviewHooks({ authorizer }: KindDependencies): readonly KindHooks[] {
  const hooksOf = (
    resource: Resource,
    asked: (review: AccessReview, caller: UserInfo) => UserInfo,
    validate: (review: AccessReview) => readonly FieldError[],
  ): KindHooks => ({
    resource,
    async create(request) {
      const face = resource.faces[0]
      const write = readVirtual(request, face)
      if (resource.namespaced) settleNamespace(request.call, write.draft)
      const review = write.draft as unknown as AccessReview
      const problems = [...validateAttributes(review.spec), ...validate(review)]
      if (problems.length > 0) throw errors.invalid(face, '', problems)
      await admitVirtual(request.call, face, write)
      const user = asked(review, request.user)
      const { decision, reason } = authorizer.authorize(attributesOf(user, review.spec))
      const status = {
        allowed: decision === 'allow',
        ...(decision === 'deny' ? { denied: true } : {}),
        ...(reason === '' ? {} : { reason }),
      }
      return createdAnswer(resource, face, { ...review, status })
    },
  })
  return [
    hooksOf(SubjectAccessReview, ({ spec }) => subjectOf(spec), validateSubject),
    hooksOf(
      LocalSubjectAccessReview,
      ({ spec }) => subjectOf(spec),
      (review) => [...validateSubject(review), ...validateLocal(review)],
    ),
    hooksOf(
      SelfSubjectAccessReview,
      (_review, caller) => caller,
      () => [],
    ),
  ]
}

function subjectOf({ user = '', uid = '', groups = [], extra = {} }: SubjectAccessReviewSpec) {
  return { name: user, uid, groups, extra }
}

function validateAttributes(spec: SubjectAccessReviewSpec): FieldError[] {
  const { resourceAttributes, nonResourceAttributes } = spec
  const path = specPath.child('resourceAttributes')
  if (resourceAttributes !== undefined && nonResourceAttributes !== undefined) {
    return [
      field.invalid(
        specPath.child('nonResourceAttributes'),
        nonResourceAttributes,
        'cannot be specified in combination with resourceAttributes',
      ),
    ]
  }
  if (resourceAttributes === undefined && nonResourceAttributes === undefined) {
    const detail = 'exactly one of nonResourceAttributes or resourceAttributes must be specified'
    return [field.invalid(path, null, detail)]
  }
  return resourceAttributes === undefined ? [] : validateSelectors(resourceAttributes)
}

/** A selector is given as text or as requirements. */
function validateSelectors(attributes: ResourceAttributes): FieldError[] {
  const path = specPath.child('resourceAttributes')
  return (['fieldSelector', 'labelSelector'] as const).flatMap((name) => {
    const selector = attributes[name]
    if (selector === undefined) return []
    const { rawSelector = '', requirements = [] } = selector
    const rawPath = path.child(name, 'rawSelector')
    if (rawSelector !== '' && requirements.length > 0) {
      return [
        field.invalid(rawPath, rawSelector, 'may not specified at the same time as requirements'),
      ]
    }
    if (rawSelector === '' && requirements.length === 0) {
      const detail = 'when ' + name + ' is specified, requirements or rawSelector is required'
      return [field.required(path.child(name, 'requirements'), detail)]
    }
    return []
  })
}

function validateSubject({ spec }: AccessReview): readonly FieldError[] {
  if ((spec.user ?? '') !== '' || (spec.groups ?? []).length > 0) return []
  const detail = 'at least one of user or group must be specified'
  return [field.invalid(specPath.child('user'), spec.user ?? '', detail)]
}

function validateLocal({ spec, metadata }: AccessReview): readonly FieldError[] {
  const { resourceAttributes, nonResourceAttributes } = spec
  const problems: FieldError[] = []
  const namespace = resourceAttributes?.namespace ?? ''
  if (resourceAttributes !== undefined && namespace !== metadata.namespace) {
    const path = specPath.child('resourceAttributes', 'namespace')
    problems.push(field.invalid(path, namespace, 'must match metadata.namespace'))
  }
  if (nonResourceAttributes !== undefined) {
    const path = specPath.child('nonResourceAttributes')
    problems.push(field.invalid(path, nonResourceAttributes, 'disallowed on this kind of request'))
  }
  return problems
}

function attributesOf(user: UserInfo, spec: SubjectAccessReviewSpec): Attributes {
  const { resourceAttributes, nonResourceAttributes } = spec
  return resourceAttributes === undefined
    ? pathAttributes(user, nonResourceAttributes ?? {})
    : resourceAttributesOf(user, resourceAttributes)
}

function pathAttributes(
  user: UserInfo,
  { path = '', verb = '' }: NonResourceAttributes,
): Attributes {
  return {
    user,
    verb,
    resourceRequest: false,
    apiGroup: '',
    apiVersion: '',
    resource: '',
    subresource: '',
    namespace: '',
    name: '',
    path,
  }
}

function resourceAttributesOf(user: UserInfo, asked: ResourceAttributes): Attributes {
  return {
    user,
    verb: asked.verb ?? '',
    resourceRequest: true,
    apiGroup: asked.group ?? '',
    apiVersion: asked.version || '*',
    resource: asked.resource ?? '',
    subresource: asked.subresource ?? '',
    namespace: asked.namespace ?? '',
    name: asked.name ?? '',
    path: '',
    fieldSelector: fieldRequirements(asked),
    labelSelector: labelRequirements(asked),
  }
}

/** What cannot be read narrows nothing, so that nothing is allowed because of it (KEP-4601). */
function fieldRequirements({ fieldSelector }: ResourceAttributes): readonly SelectorRequirement[] {
  const { rawSelector = '', requirements = [] } = fieldSelector ?? {}
  if (rawSelector === '') return requirements.flatMap(fromObject)
  try {
    return parseFieldSelector(rawSelector).requirements.map(({ field: key, operator, value }) => ({
      key,
      operator,
      values: [value],
    }))
  } catch {
    return []
  }
}

function labelRequirements({ labelSelector }: ResourceAttributes): readonly SelectorRequirement[] {
  const { rawSelector = '', requirements = [] } = labelSelector ?? {}
  if (rawSelector === '') return requirements.flatMap(fromObject)
  try {
    return parseLabelSelector(rawSelector).requirements
  } catch {
    return []
  }
}

interface RequirementObject {
  readonly key: string
  readonly operator: string
  readonly values?: readonly string[]
}

const operators: Readonly<Record<string, string>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
}

function fromObject({ key, operator, values = [] }: RequirementObject): SelectorRequirement[] {
  const known = Object.hasOwn(operators, operator) ? operators[operator] : undefined
  if (known === undefined) return []
  // One value is what authorizers know as equality.
  const one = values.length === 1 && (known === 'in' || known === 'notin')
  return [{ key, operator: one ? (known === 'in' ? '=' : '!=') : known, values }]
}
