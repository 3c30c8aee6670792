import { boolean, int64, item, list, pointer, type ReadOf, string, struct } from '#machinery'

export const DeleteOptions = struct('io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions', () => ({
  kind: string(0),
  apiVersion: string(0),
  gracePeriodSeconds: int64(1).keep(),
  preconditions: pointer(Preconditions, 2),
  orphanDependents: boolean(3).keep(),
  propagationPolicy: string(4).values('Background', 'Foreground', 'Orphan').keep(),
  dryRun: list(item.string, 5),
  ignoreStoreReadErrorWithClusterBreakingPotential: boolean(6).keep(),
}))
export type DeleteOptions = ReadOf<typeof DeleteOptions>

export const Preconditions = struct('io.k8s.apimachinery.pkg.apis.meta.v1.Preconditions', () => ({
  uid: string(1).keep(),
  resourceVersion: string(2).keep(),
}))
export type Preconditions = ReadOf<typeof Preconditions>
