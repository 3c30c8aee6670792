import { SelfSubjectRulesReview } from '#api'
import { errors } from '#machinery'
import type { KindDependencies } from '../dependencies.ts'
import type { KindHooks } from '../kind-hooks.ts'
import { admitVirtual, createdAnswer, readVirtual } from '../virtual.ts'

const face = SelfSubjectRulesReview.faces[0]

/** What the caller may do in a namespace; a help for user interfaces, not a promise. */
export function rulesReviewHooks({ authorizer }: KindDependencies): KindHooks {
  return {
    resource: SelfSubjectRulesReview,
    async create(request) {
      const write = readVirtual(request, face)
      const review = write.draft as unknown as SelfSubjectRulesReview
      const { namespace = '' } = review.spec
      if (namespace === '') throw errors.badRequest('no namespace on request')
      await admitVirtual(request.call, face, write)
      const rules = authorizer.rulesFor(request.user, namespace)
      return createdAnswer(SelfSubjectRulesReview, face, {
        ...review,
        status: {
          resourceRules: rules.resourceRules,
          nonResourceRules: rules.nonResourceRules,
          incomplete: rules.incomplete,
          evaluationError: rules.evaluationError,
        },
      })
    },
  }
}
