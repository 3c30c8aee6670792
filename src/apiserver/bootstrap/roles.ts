import { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '#api'
import type { Resource } from '#machinery'
import { defaultPolicy, type DefaultPolicy } from '../authorization/default-roles.ts'
import { reconcile, type PolicyChange } from '../authorization/reconcile.ts'
import type { BindingObject, RoleObject } from '../authorization/role-objects.ts'
import type { Registry } from '../registry/call.ts'
import type { PlantedObject, SystemClient } from './system-client.ts'

/** Makes the whole default policy where there are no roles yet, else what the cluster lacks of it. */
export async function ensureRoles(client: SystemClient, registry: Registry): Promise<void> {
  if (registry.cache.cache(ClusterRole).size > 0) return reconcileRoles(client, registry)
  freshPolicy ??= reconcile(nothing, defaultPolicy).map(({ object }) => ({
    resource: resources[object.kind],
    object,
  }))
  await client.plant(freshPolicy)
}

const nothing: DefaultPolicy = {
  clusterRoles: [],
  clusterRoleBindings: [],
  roles: [],
  roleBindings: [],
}

/** Reconciled once per process: with the rules that aggregated roles gather. */
let freshPolicy: readonly PlantedObject[] | undefined

async function reconcileRoles(client: SystemClient, registry: Registry): Promise<void> {
  const changes = reconcile(present(registry), defaultPolicy)
  const roles = changes.filter(({ object }) => isRole(object))
  const bindings = changes.filter(({ object }) => !isRole(object))
  // Nobody may bind a role that is not there yet.
  for (const step of [roles, bindings]) {
    await Promise.all(step.map((change) => write(client, change)))
  }
}

async function write(client: SystemClient, { operation, object }: PolicyChange): Promise<void> {
  const resource = resources[object.kind]
  switch (operation) {
    case 'create':
      return client.create(resource, { ...object })
    case 'update':
      return client.update(resource, { ...object })
    case 'recreate':
      await client.delete(resource, { ...object })
      return client.create(resource, { ...object })
  }
}

const resources = { ClusterRole, ClusterRoleBinding, Role, RoleBinding } satisfies Record<
  string,
  Resource
>

function isRole(object: RoleObject | BindingObject): object is RoleObject {
  return object.kind === 'Role' || object.kind === 'ClusterRole'
}

function present(registry: Registry): DefaultPolicy {
  const all = <T>(resource: Resource) =>
    [...registry.cache.cache(resource).snapshot().values()].map(({ object }) => object as T)
  return {
    clusterRoles: all<RoleObject>(ClusterRole),
    clusterRoleBindings: all<BindingObject>(ClusterRoleBinding),
    roles: all<RoleObject>(Role),
    roleBindings: all<BindingObject>(RoleBinding),
  }
}
