import {
  Namespace,
  PodDisruptionBudget,
  ReplicaSet,
  ReplicationController,
  Service,
  StatefulSet,
} from '#api'
import type { Informers } from '#client'
import { equalJson } from '#machinery'
import { readSelector } from './affinity-terms.ts'
import type { ClusterObjects, Workload } from './cluster-objects.ts'

/** Keeps `objects` up to date, once the informers run. */
export interface Following {
  whenSynced(signal: AbortSignal): Promise<void>
  end(): void
}

export function followObjects(informers: Informers, objects: ClusterObjects): Following {
  const namespaces = informers.of(Namespace)
  const services = informers.of(Service)
  const controllers = informers.of(ReplicationController)
  const replicaSets = informers.of(ReplicaSet)
  const statefulSets = informers.of(StatefulSet)
  const budgets = informers.of(PodDisruptionBudget)
  const setBudget = ({ metadata, spec, status }: PodDisruptionBudget) =>
    objects.setBudget(metadata.namespace ?? '', metadata.name ?? '', {
      selector: readSelector(spec.selector),
      allowed: status.disruptionsAllowed,
      disrupted: new Set(Object.keys(status.disruptedPods ?? {})),
    })
  const setNamespace = ({ metadata }: Namespace) =>
    objects.setNamespace(metadata.name ?? '', metadata.labels ?? {})
  const setService = ({ metadata, spec }: Service) =>
    objects.setService(metadata.namespace ?? '', metadata.name ?? '', spec.selector)
  const setController = (controller: ReplicationController) =>
    objects.setController(workload('v1', 'ReplicationController', controller), {
      matchLabels: controller.spec.selector,
    })
  const setReplicaSet = (set: ReplicaSet) =>
    objects.setController(workload('apps/v1', 'ReplicaSet', set), set.spec.selector)
  const setStatefulSet = (set: StatefulSet) =>
    objects.setController(workload('apps/v1', 'StatefulSet', set), set.spec.selector)
  const unfollow = [
    namespaces.addHandler({
      added: setNamespace,
      updated(namespace, old) {
        if (!equalJson(namespace.metadata.labels, old.metadata.labels)) setNamespace(namespace)
      },
      deleted: ({ metadata }) => objects.removeNamespace(metadata.name ?? ''),
    }),
    budgets.addHandler({
      added: setBudget,
      updated: setBudget,
      deleted: ({ metadata }) =>
        objects.removeBudget(metadata.namespace ?? '', metadata.name ?? ''),
    }),
    services.addHandler({
      added: setService,
      updated: setService,
      deleted: ({ metadata }) =>
        objects.removeService(metadata.namespace ?? '', metadata.name ?? ''),
    }),
    controllers.addHandler({
      added: setController,
      updated: setController,
      deleted: (one) => objects.removeController(workload('v1', 'ReplicationController', one)),
    }),
    replicaSets.addHandler({
      added: setReplicaSet,
      // Its selector does not change.
      deleted: (one) => objects.removeController(workload('apps/v1', 'ReplicaSet', one)),
    }),
    statefulSets.addHandler({
      added: setStatefulSet,
      deleted: (one) => objects.removeController(workload('apps/v1', 'StatefulSet', one)),
    }),
  ]
  return {
    async whenSynced(signal) {
      const all = [namespaces, services, controllers, replicaSets, statefulSets, budgets]
      await Promise.all(all.map((informer) => informer.whenSynced(signal)))
    },
    end() {
      for (const each of unfollow) each()
    },
  }
}

interface Named {
  readonly metadata: { readonly namespace?: string; readonly name?: string }
}

function workload(apiVersion: string, kind: string, { metadata }: Named): Workload {
  const { namespace = '', name = '' } = metadata
  return { apiVersion, kind, namespace, name }
}
