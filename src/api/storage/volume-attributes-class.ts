import { type InputObjectOf, item, map, type ObjectOf, resource, string, struct } from '#machinery'

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
})
export type VolumeAttributesClass = ObjectOf<typeof VolumeAttributesClass>
export type VolumeAttributesClassInput = InputObjectOf<typeof VolumeAttributesClass>
