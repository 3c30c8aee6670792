import { ReplicationController, type ReplicationControllerStatus } from '#api'
import { objectKey } from '#client'
import { asInput } from '../framework/as-input.ts'
import { selectorOfLabels } from '../framework/selector-of.ts'
import { replicaManager } from '../replica-set/replica-manager.ts'

/** Keeps as many pods as each ReplicationController asks for, the way ReplicaSets are kept. */
export const replicationController = replicaManager<ReplicationController>({
  name: 'replicationcontroller-controller',
  account: 'replication-controller',
  kind: 'ReplicationController',
  watch: (context, options) =>
    context.watch(ReplicationController, (owner) => [objectKey(owner)], options),
  view(owner) {
    const { replicas, minReadySeconds = 0, selector, template } = owner.spec
    if (template === undefined) return undefined
    return {
      owner,
      wanted: replicas,
      minReadySeconds,
      selector: selectorOfLabels(selector),
      template,
      status: owner.status,
      countsTerminating: false,
    }
  },
  get: (client, namespace, name) =>
    client.resource(ReplicationController).namespace(namespace).get(name),
  writeStatus: (client, owner, status) =>
    client.resource(ReplicationController).updateStatus(
      asInput(ReplicationController, {
        ...owner,
        status: status as ReplicationControllerStatus,
      }),
    ),
  related: () => [],
})
