import type { Clock, Random } from '#base'
import type { Authorizer } from '../authorization/authorizer.ts'
import type { RbacAuthorizer } from '../authorization/rbac.ts'
import type { Lookup } from '../lookup.ts'
import type { AdmissionPlugin } from './admission.ts'
import {
  certificateApproval,
  certificateSigning,
  certificateSubjectRestriction,
} from './certificates.ts'
import { defaultTolerationSeconds } from './default-toleration-seconds.ts'
import { namespaceLifecycle } from './namespace-lifecycle.ts'
import { nodeRestriction } from './node-restriction.ts'
import { priority } from './priority.ts'
import { rbacEscalation } from './rbac-escalation.ts'
import { serviceAccount } from './service-account.ts'
import { taintNodesByCondition } from './taint-nodes-by-condition.ts'

export interface AdmissionDependencies {
  readonly lookup: Lookup
  readonly authorizer: Authorizer
  readonly rbac: RbacAuthorizer
  readonly clock: Clock
  readonly random: Random
  /** Resolves when all that was acknowledged before the call is visible to `lookup`. */
  readonly fresh: () => Promise<unknown>
}

/** The plugins that are always on, in upstream's order. */
export function admissionPlugins(dependencies: AdmissionDependencies): readonly AdmissionPlugin[] {
  const { lookup, authorizer, rbac, fresh } = dependencies
  return [
    namespaceLifecycle(lookup, fresh),
    serviceAccount(dependencies),
    nodeRestriction(lookup, authorizer),
    taintNodesByCondition,
    priority(lookup),
    defaultTolerationSeconds,
    certificateApproval(authorizer),
    certificateSigning(authorizer),
    certificateSubjectRestriction,
    rbacEscalation(authorizer, rbac),
  ]
}
