import { pointer, struct } from '#machinery'
import { DeleteOptions } from '../meta/delete-options.ts'

export const EvictionSchema = struct('io.k8s.api.policy.v1.Eviction', () => ({
  deleteOptions: pointer(DeleteOptions, 2),
}))
