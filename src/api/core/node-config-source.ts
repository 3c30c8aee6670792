import { pointer, type ReadOf, string, struct } from '#machinery'

export const NodeConfigSource = struct('io.k8s.api.core.v1.NodeConfigSource', () => ({
  configMap: pointer(ConfigMapNodeConfigSource, 2),
}))
export type NodeConfigSource = ReadOf<typeof NodeConfigSource>

export const ConfigMapNodeConfigSource = struct(
  'io.k8s.api.core.v1.ConfigMapNodeConfigSource',
  () => ({
    namespace: string(1).emit().required(),
    name: string(2).emit().required(),
    uid: string(3),
    resourceVersion: string(4),
    kubeletConfigKey: string(5).emit().required(),
  }),
)
export type ConfigMapNodeConfigSource = ReadOf<typeof ConfigMapNodeConfigSource>
