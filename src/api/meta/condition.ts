import { int64, type ReadOf, string, struct, time } from '#machinery'

export const Condition = struct('io.k8s.apimachinery.pkg.apis.meta.v1.Condition', () => ({
  type: string(1).emit().required(),
  status: string(2).values('False', 'True', 'Unknown').emit().required(),
  observedGeneration: int64(3),
  lastTransitionTime: time(4).orNull().required(),
  reason: string(5).emit().required(),
  message: string(6).emit().required(),
}))
export type Condition = ReadOf<typeof Condition>
