import { type InputObjectOf, type Whole, resource, struct, value } from '#machinery'
import { SubjectAccessReviewSpec, SubjectAccessReviewStatus } from './subject-access-review-spec.ts'

export const LocalSubjectAccessReviewSchema = struct(
  'io.k8s.api.authorization.v1.LocalSubjectAccessReview',
  () => ({
    spec: value(SubjectAccessReviewSpec, 2).required(),
    status: value(SubjectAccessReviewStatus, 3),
  }),
)

export const LocalSubjectAccessReview = resource({
  name: 'localsubjectaccessreviews',
  namespaced: true,
  faces: [
    {
      group: 'authorization.k8s.io',
      version: 'v1',
      kind: 'LocalSubjectAccessReview',
      schema: LocalSubjectAccessReviewSchema,
    },
  ],
  verbs: ['create'],
})
export type LocalSubjectAccessReview = Whole<typeof LocalSubjectAccessReviewSchema>
export type LocalSubjectAccessReviewInput = InputObjectOf<typeof LocalSubjectAccessReview>
