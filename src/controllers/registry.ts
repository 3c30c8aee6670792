import { bootstrapSigner } from './bootstrap-tokens/bootstrap-signer.ts'
import { tokenCleaner } from './bootstrap-tokens/token-cleaner.ts'
import { csrApprovingController } from './certificate-signing-requests/approving-controller.ts'
import { csrCleanerController } from './certificate-signing-requests/cleaner-controller.ts'
import { servingApprovingController } from './certificate-signing-requests/serving-approving-controller.ts'
import { csrSigningController } from './certificate-signing-requests/signing-controller.ts'
import { clusterRoleAggregationController } from './clusterrole-aggregation/controller.ts'
import { daemonSetController } from './daemon-set/controller.ts'
import { deploymentController } from './deployment/controller.ts'
import { disruptionController } from './disruption/controller.ts'
import { endpointsController } from './endpoints/controller.ts'
import { endpointSliceMirroringController } from './endpointslice-mirroring/controller.ts'
import { endpointSliceController } from './endpointslice/controller.ts'
import type { Controller } from './framework/controller.ts'
import { garbageCollector } from './garbage-collector/controller.ts'
import { namespaceController } from './namespace/controller.ts'
import { nodeIpamController } from './node-ipam/controller.ts'
import { nodeLifecycleController } from './node-lifecycle/controller.ts'
import type { ControllerOptions } from './options.ts'
import { podGarbageCollector } from './pod-gc/controller.ts'
import { replicaSetController } from './replica-set/controller.ts'
import { replicationController } from './replication-controller/controller.ts'
import { rootCaPublisher } from './root-ca/controller.ts'
import { serviceAccountTokenController } from './service-account-token/controller.ts'
import { serviceAccountController } from './service-account/controller.ts'
import { taintEvictionController } from './taint-eviction/controller.ts'
import { ttlAfterFinishedController } from './ttl-after-finished/controller.ts'

/** Every controller there is, for a cluster. Adding one is its folder and a line here. */
export function controllers(options: ControllerOptions = {}): readonly Controller[] {
  // In upstream's order. One that lacks an option it cannot do without is not there.
  const all: readonly (Controller | undefined)[] = [
    serviceAccountTokenController(options),
    endpointsController,
    endpointSliceController,
    endpointSliceMirroringController,
    podGarbageCollector(options),
    replicationController,
    namespaceController,
    garbageCollector,
    daemonSetController,
    deploymentController,
    replicaSetController,
    disruptionController,
    serviceAccountController,
    csrSigningController(options),
    csrApprovingController,
    servingApprovingController(options),
    csrCleanerController,
    bootstrapSigner(options),
    tokenCleaner(options),
    nodeIpamController(options),
    nodeLifecycleController(options),
    clusterRoleAggregationController,
    ttlAfterFinishedController,
    rootCaPublisher(options),
    taintEvictionController,
  ]
  return all.filter((each) => each !== undefined)
}
