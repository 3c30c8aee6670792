import { type InputObjectOf, item, map, type Whole, resource, string, struct } from '#machinery'
import { ageColumn, nameColumn } from '../columns.ts'

export const VolumeAttributesClassSchema = struct(
  'io.k8s.api.storage.v1.VolumeAttributesClass',
  () => ({
    driverName: string(2).emit().required(),
    parameters: map(item.string, 3),
  }),
)

export const VolumeAttributesClass = resource({
  name: 'volumeattributesclasses',
  shortNames: ['vac'],
  namespaced: false,
  faces: [
    {
      group: 'storage.k8s.io',
      version: 'v1',
      kind: 'VolumeAttributesClass',
      schema: VolumeAttributesClassSchema,
    },
  ],
  columns: [
    nameColumn,
    { name: 'DriverName', value: (attributes) => attributes.driverName },
    ageColumn,
  ],
})
export type VolumeAttributesClass = Whole<typeof VolumeAttributesClassSchema>
export type VolumeAttributesClassInput = InputObjectOf<typeof VolumeAttributesClass>
