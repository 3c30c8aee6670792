import { quote, type GroupResource } from '#machinery'
import { serviceAccountUserName, type UserInfo } from '../authentication/user.ts'
import { follow, type Change, type Lookup } from '../lookup.ts'
import {
  aggregate,
  noOpinion,
  type Attributes,
  type Authorizer,
  type Decision,
  type PolicyRule,
  type RulesOf,
} from './authorizer.ts'
import { ruleAllows } from './rules.ts'

export const rbacGroup = 'rbac.authorization.k8s.io'

export const rbacResources = {
  clusterRoles: { group: rbacGroup, resource: 'clusterroles' },
  roles: { group: rbacGroup, resource: 'roles' },
  clusterRoleBindings: { group: rbacGroup, resource: 'clusterrolebindings' },
  roleBindings: { group: rbacGroup, resource: 'rolebindings' },
} as const satisfies Record<string, GroupResource>

export interface Subject {
  readonly kind: string
  readonly apiGroup?: string
  readonly name: string
  readonly namespace?: string
}

export interface RoleRef {
  readonly apiGroup: string
  readonly kind: string
  readonly name: string
}

/** What is read of a Role or ClusterRole. */
export interface Role {
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly rules?: readonly PolicyRule[] | null
}

/** What is read of a RoleBinding or ClusterRoleBinding. */
export interface Binding {
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly roleRef: RoleRef
  readonly subjects?: readonly Subject[] | null
}

/** What a user holds in a namespace, with what could not be resolved. */
export interface HeldRules {
  readonly rules: readonly PolicyRule[]
  readonly errors: readonly string[]
}

/**
 * Role-based access control over the live roles and bindings. Bindings are indexed by namespace and
 * subject, incrementally, so that a decision looks only at what binds this user; roles are read
 * where they are bound.
 */
export class RbacAuthorizer implements Authorizer {
  readonly #lookup: Lookup
  readonly #bindings = new BindingIndex()
  readonly #stop: readonly (() => void)[]

  constructor(lookup: Lookup) {
    this.#lookup = lookup
    const apply = (change: Change<Binding>) => this.#bindings.apply(change)
    this.#stop = [
      follow<Binding>(lookup, rbacResources.clusterRoleBindings, apply),
      follow<Binding>(lookup, rbacResources.roleBindings, apply),
    ]
  }

  authorize(attributes: Attributes): Decision {
    const { user, namespace } = attributes
    const errors: string[] = []
    for (const { binding, subject } of this.#bindings.of(user, namespace)) {
      const rules = this.#rulesOf(binding)
      if (typeof rules === 'string') {
        errors.push(rules)
      } else if (rules.some((rule) => ruleAllows(rule, attributes))) {
        return { decision: 'allow', reason: `RBAC: allowed by ${describe(binding, subject)}` }
      }
    }
    if (errors.length === 0) return noOpinion
    return { decision: 'noOpinion', reason: `RBAC: ${aggregate(errors)}` }
  }

  rulesFor(user: UserInfo, namespace: string): RulesOf {
    const { rules, errors } = this.heldRules(user, namespace)
    return {
      resourceRules: rules.filter((rule) => (rule.resources?.length ?? 0) > 0),
      nonResourceRules: rules.filter((rule) => (rule.nonResourceURLs?.length ?? 0) > 0),
      incomplete: errors.length > 0,
      evaluationError: aggregate(errors),
    }
  }

  /** Every rule bound to the user cluster-wide and, unless it is empty, in the namespace. */
  heldRules(user: UserInfo, namespace: string): HeldRules {
    const rules: PolicyRule[] = []
    const errors: string[] = []
    for (const { binding } of this.#bindings.of(user, namespace)) {
      const found = this.#rulesOf(binding)
      if (typeof found === 'string') errors.push(found)
      else rules.push(...found)
    }
    return { rules, errors }
  }

  /** The rules of the role a binding in `namespace` refers to; a text says why there are none. */
  referencedRules(roleRef: RoleRef, namespace: string): readonly PolicyRule[] | string {
    return this.#rulesOf({ metadata: { name: '', namespace }, roleRef })
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stop) stop()
  }

  #rulesOf({ roleRef, metadata }: Binding): readonly PolicyRule[] | string {
    const cluster = roleRef.kind === 'ClusterRole'
    if (!cluster && roleRef.kind !== 'Role') {
      return `unsupported role reference kind: ${quote(roleRef.kind)}`
    }
    const resource = cluster ? rbacResources.clusterRoles : rbacResources.roles
    const namespace = cluster ? '' : (metadata.namespace ?? '')
    const role = this.#lookup.get<Role>(resource, namespace, roleRef.name)
    if (role !== undefined) return role.rules ?? []
    return `${cluster ? 'clusterrole' : 'role'}.${rbacGroup} ${quote(roleRef.name)} not found`
  }
}

interface Bound {
  readonly binding: Binding
  readonly subject: Subject
}

/** Which bindings name whom: namespace ('' is cluster-wide) → subject → bindings by name. */
class BindingIndex {
  readonly #namespaces = new Map<string, Map<string, Map<string, Bound>>>()

  apply({ object, previous }: Change<Binding>): void {
    if (previous !== undefined) this.#remove(previous)
    if (object !== undefined) this.#add(object)
  }

  /** Cluster-wide bindings first, those of a user before those of groups. */
  *of(user: UserInfo, namespace: string): Iterable<Bound> {
    for (const scope of namespace === '' ? [''] : ['', namespace]) {
      const subjects = this.#namespaces.get(scope)
      if (subjects === undefined) continue
      yield* subjects.get(`User ${user.name}`)?.values() ?? []
      for (const group of user.groups) yield* subjects.get(`Group ${group}`)?.values() ?? []
    }
  }

  #add(binding: Binding): void {
    const scope = binding.metadata.namespace ?? ''
    const subjects = this.#namespaces.get(scope) ?? new Map<string, Map<string, Bound>>()
    this.#namespaces.set(scope, subjects)
    for (const subject of binding.subjects ?? []) {
      const key = subjectKey(subject, scope)
      if (key === undefined) continue
      const bound = subjects.get(key) ?? new Map<string, Bound>()
      subjects.set(key, bound)
      if (!bound.has(binding.metadata.name)) bound.set(binding.metadata.name, { binding, subject })
    }
  }

  #remove(binding: Binding): void {
    const scope = binding.metadata.namespace ?? ''
    const subjects = this.#namespaces.get(scope)
    for (const subject of binding.subjects ?? []) {
      const key = subjectKey(subject, scope)
      if (key === undefined || subjects === undefined) continue
      const bound = subjects.get(key)
      bound?.delete(binding.metadata.name)
      if (bound?.size === 0) subjects.delete(key)
    }
    if (subjects?.size === 0) this.#namespaces.delete(scope)
  }
}

/** A service account is the user its tokens authenticate. Without a namespace it is nobody. */
function subjectKey(subject: Subject, bindingNamespace: string): string | undefined {
  if (subject.kind !== 'ServiceAccount') return `${subject.kind} ${subject.name}`
  const namespace = subject.namespace || bindingNamespace
  return namespace === '' ? undefined : `User ${serviceAccountUserName(namespace, subject.name)}`
}

function describe({ metadata, roleRef }: Binding, subject: Subject): string {
  const namespace = metadata.namespace ?? ''
  const binding =
    namespace === ''
      ? `ClusterRoleBinding ${quote(metadata.name)}`
      : `RoleBinding ${quote(`${metadata.name}/${namespace}`)}`
  const who =
    subject.kind === 'ServiceAccount'
      ? `${subject.name}/${subject.namespace || namespace}`
      : subject.name
  return `${binding} of ${roleRef.kind} ${quote(roleRef.name)} to ${subject.kind} ${quote(who)}`
}
