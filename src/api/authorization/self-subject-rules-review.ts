import {
  boolean,
  type InputObjectOf,
  item,
  list,
  type Whole,
  type ReadOf,
  resource,
  string,
  struct,
  value,
} from '#machinery'

export const SelfSubjectRulesReviewSchema = struct(
  'io.k8s.api.authorization.v1.SelfSubjectRulesReview',
  () => ({
    spec: value(SelfSubjectRulesReviewSpec, 2).required(),
    status: value(SubjectRulesReviewStatus, 3),
  }),
)

export const SelfSubjectRulesReviewSpec = struct(
  'io.k8s.api.authorization.v1.SelfSubjectRulesReviewSpec',
  () => ({
    namespace: string(1),
  }),
)
export type SelfSubjectRulesReviewSpec = ReadOf<typeof SelfSubjectRulesReviewSpec>

export const SubjectRulesReviewStatus = struct(
  'io.k8s.api.authorization.v1.SubjectRulesReviewStatus',
  () => ({
    resourceRules: list(ResourceRule, 1).orNull().required(),
    nonResourceRules: list(NonResourceRule, 2).orNull().required(),
    incomplete: boolean(3).emit().required(),
    evaluationError: string(4),
  }),
)
export type SubjectRulesReviewStatus = ReadOf<typeof SubjectRulesReviewStatus>

export const ResourceRule = struct('io.k8s.api.authorization.v1.ResourceRule', () => ({
  verbs: list(item.string, 1).orNull().required(),
  apiGroups: list(item.string, 2),
  resources: list(item.string, 3),
  resourceNames: list(item.string, 4),
}))
export type ResourceRule = ReadOf<typeof ResourceRule>

export const NonResourceRule = struct('io.k8s.api.authorization.v1.NonResourceRule', () => ({
  verbs: list(item.string, 1).orNull().required(),
  nonResourceURLs: list(item.string, 2),
}))
export type NonResourceRule = ReadOf<typeof NonResourceRule>

export const SelfSubjectRulesReview = resource({
  name: 'selfsubjectrulesreviews',
  namespaced: false,
  faces: [
    {
      group: 'authorization.k8s.io',
      version: 'v1',
      kind: 'SelfSubjectRulesReview',
      schema: SelfSubjectRulesReviewSchema,
    },
  ],
  verbs: ['create'],
})
export type SelfSubjectRulesReview = Whole<typeof SelfSubjectRulesReviewSchema>
export type SelfSubjectRulesReviewInput = InputObjectOf<typeof SelfSubjectRulesReview>
