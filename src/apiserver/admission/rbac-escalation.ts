import { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '#api'
import { equalJson, type KubeObject, type ObjectDraft } from '#machinery'
import type { Authorizer, PolicyRule } from '../authorization/authorizer.ts'
import { fullAuthority, validateBinding, validateEscalation } from '../authorization/escalation.ts'
import type { RbacAuthorizer, RoleRef } from '../authorization/rbac.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import { refusal } from './refusal.ts'

interface RoleContent {
  readonly rules?: readonly PolicyRule[] | null
  readonly aggregationRule?: { readonly clusterRoleSelectors?: readonly object[] }
}

interface BindingContent {
  readonly roleRef: RoleRef
}

/**
 * Nobody grants what they do not hold: writing a role takes the verb `escalate` or its rules,
 * writing a binding the verb `bind` or the rules of the role. Upstream asks this in its registry
 * of the RBAC kinds; here it is the last to validate.
 */
export function rbacEscalation(authorizer: Authorizer, rbac: RbacAuthorizer): AdmissionPlugin {
  return {
    name: 'RBACEscalation',
    validate(attributes) {
      const { operation, resource, object, old } = attributes
      if (object === undefined || (operation !== 'CREATE' && operation !== 'UPDATE')) return
      if (old !== undefined && onlyCollects(object, old)) return
      let why: string | undefined
      if (resource === Role || resource === ClusterRole) {
        const rules = grantedRules(object, old)
        const held = rbac.heldRules(attributes.user, attributes.namespace)
        const kind = resource === Role ? 'roles' : 'clusterroles'
        why = validateEscalation(
          { ...request(attributes), resource: kind },
          rules,
          authorizer,
          held,
        )
      } else if (resource === RoleBinding || resource === ClusterRoleBinding) {
        const { roleRef } = object as unknown as BindingContent
        why = validateBinding(request(attributes), roleRef, authorizer, rbac)
      }
      if (why !== undefined) throw refusal(attributes, why)
    },
  }
}

function request({ user, namespace, name }: AdmissionAttributes) {
  return { user, namespace, name }
}

/** The rules that must be held. A role that aggregates, or did, may come to grant anything. */
function grantedRules(object: ObjectDraft, old: KubeObject | undefined): readonly PolicyRule[] {
  return aggregates(object) || (old !== undefined && aggregates(old))
    ? [...fullAuthority, ...((object as RoleContent).rules ?? [])]
    : ((object as RoleContent).rules ?? [])
}

function aggregates(role: RoleContent | ObjectDraft | KubeObject): boolean {
  return ((role as RoleContent).aggregationRule?.clusterRoleSelectors ?? []).length > 0
}

/**
 * Whether an update changes only what the garbage collector does on the way to a deletion. Labels
 * are not among it: they can make a role part of an aggregated one.
 */
function onlyCollects(object: ObjectDraft, old: KubeObject): boolean {
  return equalJson(granted(object), granted(old))
}

function granted(object: ObjectDraft | KubeObject): unknown {
  const {
    ownerReferences: _o,
    finalizers: _f,
    managedFields: _m,
    resourceVersion: _r,
    ...metadata
  } = object.metadata
  return { ...object, metadata }
}
