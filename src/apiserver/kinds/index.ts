import { componentStatusHooks } from './component-statuses.ts'
import type { KindDependencies } from './dependencies.ts'
import { eventHooks } from './events.ts'
import type { KindHooks } from './kind-hooks.ts'
import { nodeHooks } from './nodes.ts'
import { bindingHooks, podHooks } from './pods.ts'
import { accessReviewHooks } from './reviews/access-review.ts'
import { rulesReviewHooks } from './reviews/rules-review.ts'
import { selfSubjectReviewHooks } from './reviews/self-subject-review.ts'
import { tokenReviewHooks } from './reviews/token-review.ts'
import { serviceAccountHooks } from './service-accounts.ts'
import { serviceHooks } from './services.ts'

/** Every kind with effects beyond its own object. Their resources must be registered in the cache. */
export function kindHooks(dependencies: KindDependencies): readonly KindHooks[] {
  return [
    bindingHooks,
    componentStatusHooks(dependencies),
    eventHooks,
    nodeHooks(dependencies),
    podHooks(dependencies),
    rulesReviewHooks(dependencies),
    selfSubjectReviewHooks,
    serviceAccountHooks(dependencies),
    serviceHooks(dependencies),
    tokenReviewHooks(dependencies),
    ...accessReviewHooks(dependencies),
  ]
}
