import { int64, pointer, type ReadOf, string, struct } from '#machinery'

export const ListMeta = struct('io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta', () => ({
  selfLink: string(1),
  resourceVersion: string(2),
  continue: string(3),
  remainingItemCount: int64(4).keep(),
  shardInfo: pointer(ShardInfo, 5),
}))
export type ListMeta = ReadOf<typeof ListMeta>

export const ShardInfo = struct('io.k8s.apimachinery.pkg.apis.meta.v1.ShardInfo', () => ({
  selector: string(1).emit().required(),
}))
export type ShardInfo = ReadOf<typeof ShardInfo>
