import { type InputObjectOf, type Whole, resource, struct, value } from '#machinery'
import { SubjectAccessReviewSpec, SubjectAccessReviewStatus } from './subject-access-review-spec.ts'

export const SubjectAccessReviewSchema = struct(
  'io.k8s.api.authorization.v1.SubjectAccessReview',
  () => ({
    spec: value(SubjectAccessReviewSpec, 2).required(),
    status: value(SubjectAccessReviewStatus, 3),
  }),
)

export const SubjectAccessReview = resource({
  name: 'subjectaccessreviews',
  namespaced: false,
  faces: [
    {
      group: 'authorization.k8s.io',
      version: 'v1',
      kind: 'SubjectAccessReview',
      schema: SubjectAccessReviewSchema,
    },
  ],
  verbs: ['create'],
})
export type SubjectAccessReview = Whole<typeof SubjectAccessReviewSchema>
export type SubjectAccessReviewInput = InputObjectOf<typeof SubjectAccessReview>
