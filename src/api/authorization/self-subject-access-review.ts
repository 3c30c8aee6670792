import {
  type InputObjectOf,
  type Whole,
  pointer,
  type ReadOf,
  resource,
  struct,
  value,
} from '#machinery'
import {
  NonResourceAttributes,
  ResourceAttributes,
  SubjectAccessReviewStatus,
} from './subject-access-review-spec.ts'

export const SelfSubjectAccessReviewSchema = struct(
  'io.k8s.api.authorization.v1.SelfSubjectAccessReview',
  () => ({
    spec: value(SelfSubjectAccessReviewSpec, 2).required(),
    status: value(SubjectAccessReviewStatus, 3),
  }),
)

export const SelfSubjectAccessReviewSpec = struct(
  'io.k8s.api.authorization.v1.SelfSubjectAccessReviewSpec',
  () => ({
    resourceAttributes: pointer(ResourceAttributes, 1),
    nonResourceAttributes: pointer(NonResourceAttributes, 2),
  }),
)
export type SelfSubjectAccessReviewSpec = ReadOf<typeof SelfSubjectAccessReviewSpec>

export const SelfSubjectAccessReview = resource({
  name: 'selfsubjectaccessreviews',
  namespaced: false,
  faces: [
    {
      group: 'authorization.k8s.io',
      version: 'v1',
      kind: 'SelfSubjectAccessReview',
      schema: SelfSubjectAccessReviewSchema,
    },
  ],
  verbs: ['create'],
})
export type SelfSubjectAccessReview = Whole<typeof SelfSubjectAccessReviewSchema>
export type SelfSubjectAccessReviewInput = InputObjectOf<typeof SelfSubjectAccessReview>
