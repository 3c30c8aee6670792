import { aggregate, ClusterRole } from '#api'
import { controller } from '../framework/controller.ts'

/** ClusterRoles with an aggregation rule hold the rules of the roles that it selects. */
export const clusterRoleAggregationController = controller({
  name: 'clusterrole-aggregation-controller',
  account: 'clusterrole-aggregation-controller',
  setup(context) {
    const { client } = context
    // Any role may change what another aggregates. All are looked at together, as rules travel on.
    const roles = context.watch(ClusterRole, () => ['all'])
    return async () => {
      for (const [name, rules] of aggregate(roles.lister.list())) {
        const object = {
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'ClusterRole',
          metadata: { name },
          rules,
        }
        await client
          .resource(ClusterRole)
          .patch(
            name,
            { type: 'apply', object },
            { force: true, fieldManager: 'clusterrole-aggregation-controller' },
          )
      }
    }
  },
})
