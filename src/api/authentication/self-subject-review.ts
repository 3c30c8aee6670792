import { type InputObjectOf, type Whole, type ReadOf, resource, struct, value } from '#machinery'
import { UserInfo } from './user-info.ts'

export const SelfSubjectReviewSchema = struct(
  'io.k8s.api.authentication.v1.SelfSubjectReview',
  () => ({
    status: value(SelfSubjectReviewStatus, 2),
  }),
)

export const SelfSubjectReviewStatus = struct(
  'io.k8s.api.authentication.v1.SelfSubjectReviewStatus',
  () => ({
    userInfo: value(UserInfo, 1),
  }),
)
export type SelfSubjectReviewStatus = ReadOf<typeof SelfSubjectReviewStatus>

export const SelfSubjectReview = resource({
  name: 'selfsubjectreviews',
  namespaced: false,
  faces: [
    {
      group: 'authentication.k8s.io',
      version: 'v1',
      kind: 'SelfSubjectReview',
      schema: SelfSubjectReviewSchema,
    },
  ],
  verbs: ['create'],
})
export type SelfSubjectReview = Whole<typeof SelfSubjectReviewSchema>
export type SelfSubjectReviewInput = InputObjectOf<typeof SelfSubjectReview>
