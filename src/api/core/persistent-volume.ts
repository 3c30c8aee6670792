import {
  type InputObjectOf,
  type ObjectOf,
  type ReadOf,
  resource,
  string,
  struct,
  time,
  value,
} from '#machinery'
import { PersistentVolumeSpec } from './persistent-volume-spec.ts'

export const PersistentVolumeSchema = struct('io.k8s.api.core.v1.PersistentVolume', () => ({
  spec: value(PersistentVolumeSpec, 2),
  status: value(PersistentVolumeStatus, 3),
}))

export const PersistentVolumeStatus = struct('io.k8s.api.core.v1.PersistentVolumeStatus', () => ({
  phase: string(1).values('Available', 'Bound', 'Failed', 'Pending', 'Released').default('Pending'),
  message: string(2),
  reason: string(3),
  lastPhaseTransitionTime: time(4),
}))
export type PersistentVolumeStatus = ReadOf<typeof PersistentVolumeStatus>

export const PersistentVolume = resource({
  name: 'persistentvolumes',
  shortNames: ['pv'],
  namespaced: false,
  faces: [{ group: '', version: 'v1', kind: 'PersistentVolume', schema: PersistentVolumeSchema }],
  subresources: {
    status: true,
  },
  generation: false,
})
export type PersistentVolume = ObjectOf<typeof PersistentVolume>
export type PersistentVolumeInput = InputObjectOf<typeof PersistentVolume>
