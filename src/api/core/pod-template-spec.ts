import { ObjectMeta, type ReadOf, struct, value } from '#machinery'
import { PodSpec } from './pod-spec.ts'

export const PodTemplateSpec = struct('io.k8s.api.core.v1.PodTemplateSpec', () => ({
  metadata: value(ObjectMeta, 1),
  spec: value(PodSpec, 2),
}))
export type PodTemplateSpec = ReadOf<typeof PodTemplateSpec>
