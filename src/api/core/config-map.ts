import { boolean, type InputObjectOf, item, map, type Whole, resource, struct } from '#machinery'
import { ageColumn, nameColumn } from '../columns.ts'
import { validateConfigMap, validateConfigMapUpdate } from './config-map-validation.ts'

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
  columns: [
    nameColumn,
    {
      name: 'Data',
      type: 'integer',
      value: (map) => Object.keys(map.data ?? {}).length + Object.keys(map.binaryData ?? {}).length,
    },
    ageColumn,
  ],
  validate: validateConfigMap,
  validateUpdate: validateConfigMapUpdate,
})
export type ConfigMap = Whole<typeof ConfigMapSchema>
export type ConfigMapInput = InputObjectOf<typeof ConfigMap>
