import {
  boolean,
  type InputObjectOf,
  int64,
  list,
  type Whole,
  oneOf,
  type ReadOf,
  resource,
  string,
  struct,
  value,
} from '#machinery'
import { ageColumn, nameColumn } from '../columns.ts'

export const CSIDriverSchema = struct('io.k8s.api.storage.v1.CSIDriver', () => ({
  spec: value(CSIDriverSpec, 2).required(),
}))

export const CSIDriverSpec = struct('io.k8s.api.storage.v1.CSIDriverSpec', () => ({
  attachRequired: boolean(1).keep().default(true),
  podInfoOnMount: boolean(2).keep().default(false),
  volumeLifecycleModes: list(oneOf('Ephemeral', 'Persistent'), 3).set(),
  storageCapacity: boolean(4).keep().default(false),
  fsGroupPolicy: string(5)
    .values('File', 'None', 'ReadWriteOnceWithFSType')
    .keep()
    .default('ReadWriteOnceWithFSType'),
  tokenRequests: list(CSITokenRequest, 6),
  requiresRepublish: boolean(7).keep().default(false),
  seLinuxMount: boolean(8).keep().default(false),
  nodeAllocatableUpdatePeriodSeconds: int64(9).keep(),
  serviceAccountTokenInSecrets: boolean(10).keep(),
  preventPodSchedulingIfMissing: boolean(11).keep().alpha('VolumeLimitScaling'),
}))
export type CSIDriverSpec = ReadOf<typeof CSIDriverSpec>

export const CSITokenRequest = struct('io.k8s.api.storage.v1.TokenRequest', () => ({
  audience: string(1).emit().required(),
  expirationSeconds: int64(2).keep(),
}))
export type CSITokenRequest = ReadOf<typeof CSITokenRequest>

export const CSIDriver = resource({
  name: 'csidrivers',
  namespaced: false,
  faces: [{ group: 'storage.k8s.io', version: 'v1', kind: 'CSIDriver', schema: CSIDriverSchema }],
  generation: true,
  unconditionalUpdate: false,
  columns: [
    nameColumn,
    { name: 'AttachRequired', type: 'boolean', value: (driver) => driver.spec.attachRequired },
    { name: 'PodInfoOnMount', type: 'boolean', value: (driver) => driver.spec.podInfoOnMount },
    { name: 'StorageCapacity', type: 'boolean', value: (driver) => driver.spec.storageCapacity },
    { name: 'TokenRequests', value: (driver) => formatAudiences(driver.spec.tokenRequests) },
    {
      name: 'RequiresRepublish',
      type: 'boolean',
      value: (driver) => driver.spec.requiresRepublish,
    },
    { name: 'Modes', value: (driver) => driver.spec.volumeLifecycleModes?.join(',') ?? '<none>' },
    ageColumn,
  ],
})
export type CSIDriver = Whole<typeof CSIDriverSchema>
export type CSIDriverInput = InputObjectOf<typeof CSIDriver>

function formatAudiences(requests: readonly CSITokenRequest[] | undefined): string {
  return requests?.map(({ audience }) => audience).join(',') ?? '<unset>'
}
