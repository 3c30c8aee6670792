import {
  boolean,
  type InputObjectOf,
  int32,
  item,
  map,
  type Whole,
  pointer,
  type ReadOf,
  resource,
  string,
  struct,
  time,
  value,
} from '#machinery'
import { ageColumn, nameColumn } from '../columns.ts'
import { PersistentVolumeSpec } from '../core/persistent-volume-spec.ts'

export const VolumeAttachmentSchema = struct('io.k8s.api.storage.v1.VolumeAttachment', () => ({
  spec: value(VolumeAttachmentSpec, 2).required(),
  status: value(VolumeAttachmentStatus, 3),
}))

export const VolumeAttachmentSpec = struct('io.k8s.api.storage.v1.VolumeAttachmentSpec', () => ({
  attacher: string(1).emit().required(),
  source: value(VolumeAttachmentSource, 2).required(),
  nodeName: string(3).emit().required(),
}))
export type VolumeAttachmentSpec = ReadOf<typeof VolumeAttachmentSpec>

export const VolumeAttachmentSource = struct(
  'io.k8s.api.storage.v1.VolumeAttachmentSource',
  () => ({
    persistentVolumeName: string(1).keep(),
    inlineVolumeSpec: pointer(PersistentVolumeSpec, 2),
  }),
)
export type VolumeAttachmentSource = ReadOf<typeof VolumeAttachmentSource>

export const VolumeAttachmentStatus = struct(
  'io.k8s.api.storage.v1.VolumeAttachmentStatus',
  () => ({
    attached: boolean(1).emit().required(),
    attachmentMetadata: map(item.string, 2),
    attachError: pointer(VolumeError, 3),
    detachError: pointer(VolumeError, 4),
  }),
)
export type VolumeAttachmentStatus = ReadOf<typeof VolumeAttachmentStatus>

export const VolumeError = struct('io.k8s.api.storage.v1.VolumeError', () => ({
  time: time(1).orNull(),
  message: string(2),
  errorCode: int32(3).keep(),
}))
export type VolumeError = ReadOf<typeof VolumeError>

export const VolumeAttachment = resource({
  name: 'volumeattachments',
  namespaced: false,
  faces: [
    {
      group: 'storage.k8s.io',
      version: 'v1',
      kind: 'VolumeAttachment',
      schema: VolumeAttachmentSchema,
    },
  ],
  subresources: {
    status: true,
  },
  generation: false,
  unconditionalUpdate: false,
  columns: [
    nameColumn,
    { name: 'Attacher', value: (attachment) => attachment.spec.attacher },
    { name: 'PV', value: (attachment) => attachment.spec.source.persistentVolumeName ?? '' },
    { name: 'Node', value: (attachment) => attachment.spec.nodeName },
    { name: 'Attached', type: 'boolean', value: (attachment) => attachment.status.attached },
    ageColumn,
  ],
})
export type VolumeAttachment = Whole<typeof VolumeAttachmentSchema>
export type VolumeAttachmentInput = InputObjectOf<typeof VolumeAttachment>
