import { formatTime } from '#base'
import { SelfSubjectReview } from '#api'
import type { KindHooks } from '../kind-hooks.ts'
import { admitVirtual, createdAnswer, readVirtual } from '../virtual.ts'
import { userInfoOf } from './user-info.ts'

const face = SelfSubjectReview.faces[0]

/** Tells the caller who it is (KEP-3325). */
export const selfSubjectReviewHooks: KindHooks = {
  resource: SelfSubjectReview,
  async create(request) {
    const write = readVirtual(request, face)
    await admitVirtual(request.call, face, write)
    const { metadata } = write.draft
    return createdAnswer(SelfSubjectReview, face, {
      ...write.draft,
      metadata: {
        ...metadata,
        creationTimestamp: formatTime(request.call.registry.clock.now()),
      },
      status: { userInfo: userInfoOf(request.user) },
    })
  },
}
