import { ReplicaSet } from '#api'
import { objectKey } from '#client'
import { controllerOf, ownershipIndex } from '../framework/controller-ref.ts'
import { asInput } from '../framework/as-input.ts'
import { selectorOf } from '../framework/selector-of.ts'
import { replicaManager } from './replica-manager.ts'

/** Keeps as many pods as each ReplicaSet asks for. */
export const replicaSetController = replicaManager<ReplicaSet>({
  name: 'replicaset-controller',
  account: 'replicaset-controller',
  kind: 'ReplicaSet',
  watch: (context, options) => context.watch(ReplicaSet, (set) => [objectKey(set)], options),
  view: (set) => ({
    owner: set,
    wanted: set.spec.replicas,
    minReadySeconds: set.spec.minReadySeconds ?? 0,
    selector: selectorOf(set.spec.selector),
    template: set.spec.template,
    status: set.status,
    countsTerminating: true,
  }),
  get: (client, namespace, name) => client.resource(ReplicaSet).namespace(namespace).get(name),
  writeStatus: (client, set, status) =>
    client.resource(ReplicaSet).updateStatus(asInput(ReplicaSet, { ...set, status })),
  related(set, all) {
    const deployment = controllerOf(set)
    return deployment === undefined ? [] : all.lister.byIndex(ownershipIndex, deployment.uid)
  },
})
