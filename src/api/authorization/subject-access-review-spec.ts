import { boolean, item, list, map, pointer, type ReadOf, string, struct } from '#machinery'
import { FieldSelectorRequirement } from '../meta/field-selector-requirement.ts'
import { LabelSelectorRequirement } from '../meta/label-selector.ts'

export const SubjectAccessReviewSpec = struct(
  'io.k8s.api.authorization.v1.SubjectAccessReviewSpec',
  () => ({
    resourceAttributes: pointer(ResourceAttributes, 1),
    nonResourceAttributes: pointer(NonResourceAttributes, 2),
    user: string(3),
    groups: list(item.string, 4),
    extra: map(item.list(item.string), 5),
    uid: string(6),
  }),
)
export type SubjectAccessReviewSpec = ReadOf<typeof SubjectAccessReviewSpec>

export const ResourceAttributes = struct('io.k8s.api.authorization.v1.ResourceAttributes', () => ({
  namespace: string(1),
  verb: string(2),
  group: string(3),
  version: string(4),
  resource: string(5),
  subresource: string(6),
  name: string(7),
  fieldSelector: pointer(FieldSelectorAttributes, 8),
  labelSelector: pointer(LabelSelectorAttributes, 9),
}))
export type ResourceAttributes = ReadOf<typeof ResourceAttributes>

export const FieldSelectorAttributes = struct(
  'io.k8s.api.authorization.v1.FieldSelectorAttributes',
  () => ({
    rawSelector: string(1),
    requirements: list(FieldSelectorRequirement, 2),
  }),
)
export type FieldSelectorAttributes = ReadOf<typeof FieldSelectorAttributes>

export const LabelSelectorAttributes = struct(
  'io.k8s.api.authorization.v1.LabelSelectorAttributes',
  () => ({
    rawSelector: string(1),
    requirements: list(LabelSelectorRequirement, 2),
  }),
)
export type LabelSelectorAttributes = ReadOf<typeof LabelSelectorAttributes>

export const NonResourceAttributes = struct(
  'io.k8s.api.authorization.v1.NonResourceAttributes',
  () => ({
    path: string(1),
    verb: string(2),
  }),
)
export type NonResourceAttributes = ReadOf<typeof NonResourceAttributes>

export const SubjectAccessReviewStatus = struct(
  'io.k8s.api.authorization.v1.SubjectAccessReviewStatus',
  () => ({
    allowed: boolean(1).emit().required(),
    denied: boolean(4),
    reason: string(2),
    evaluationError: string(3),
  }),
)
export type SubjectAccessReviewStatus = ReadOf<typeof SubjectAccessReviewStatus>
