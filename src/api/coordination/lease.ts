import {
  type InputObjectOf,
  int32,
  microTime,
  type Whole,
  type ReadOf,
  resource,
  string,
  struct,
  value,
} from '#machinery'
import { ageColumn, nameColumn } from '../columns.ts'
import { validateLease } from './lease-validation.ts'

export const LeaseSchema = struct('io.k8s.api.coordination.v1.Lease', () => ({
  spec: value(LeaseSpec, 2),
}))

export const LeaseSpec = struct('io.k8s.api.coordination.v1.LeaseSpec', () => ({
  holderIdentity: string(1).keep(),
  leaseDurationSeconds: int32(2).keep(),
  acquireTime: microTime(3),
  renewTime: microTime(4),
  leaseTransitions: int32(5).keep(),
  strategy: string(6).keep().alpha('CoordinatedLeaderElection'),
  preferredHolder: string(7).keep().alpha('CoordinatedLeaderElection'),
}))
export type LeaseSpec = ReadOf<typeof LeaseSpec>

export const Lease = resource({
  name: 'leases',
  namespaced: true,
  faces: [{ group: 'coordination.k8s.io', version: 'v1', kind: 'Lease', schema: LeaseSchema }],
  history: 'short',
  createOnUpdate: true,
  unconditionalUpdate: false,
  columns: [
    nameColumn,
    { name: 'Holder', value: (lease) => lease.spec.holderIdentity ?? '' },
    ageColumn,
  ],
  validate: validateLease,
})
export type Lease = Whole<typeof LeaseSchema>
export type LeaseInput = InputObjectOf<typeof Lease>
