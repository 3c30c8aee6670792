import { boolean, type InputObjectOf, item, map, type ObjectOf, resource, struct } from '#machinery'

export const ConfigMapSchema = struct('io.k8s.api.core.v1.ConfigMap', () => ({
  immutable: boolean(4).keep(),
  data: map(item.string, 2),
  binaryData: map(item.bytes, 3),
}))

export const ConfigMap = resource({
  name: 'configmaps',
  shortNames: ['cm'],
  namespaced: true,
  faces: [{ group: '', version: 'v1', kind: 'ConfigMap', schema: ConfigMapSchema }],
})
export type ConfigMap = ObjectOf<typeof ConfigMap>
export type ConfigMapInput = InputObjectOf<typeof ConfigMap>
