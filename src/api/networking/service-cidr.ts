import {
  type InputObjectOf,
  item,
  list,
  type Whole,
  type ReadOf,
  resource,
  struct,
  value,
} from '#machinery'
import { ageColumn, nameColumn } from '../columns.ts'
import { Condition } from '../meta/condition.ts'
import { validateServiceCIDR, validateServiceCIDRUpdate } from './service-cidr-validation.ts'

export const ServiceCIDRSchema = struct('io.k8s.api.networking.v1.ServiceCIDR', () => ({
  spec: value(ServiceCIDRSpec, 2),
  status: value(ServiceCIDRStatus, 3),
}))

export const ServiceCIDRSpec = struct('io.k8s.api.networking.v1.ServiceCIDRSpec', () => ({
  cidrs: list(item.string, 1),
}))
export type ServiceCIDRSpec = ReadOf<typeof ServiceCIDRSpec>

export const ServiceCIDRStatus = struct('io.k8s.api.networking.v1.ServiceCIDRStatus', () => ({
  conditions: list(Condition, 1).mapBy('type').patch('merge', 'type'),
}))
export type ServiceCIDRStatus = ReadOf<typeof ServiceCIDRStatus>

export const ServiceCIDR = resource({
  name: 'servicecidrs',
  namespaced: false,
  faces: [
    { group: 'networking.k8s.io', version: 'v1', kind: 'ServiceCIDR', schema: ServiceCIDRSchema },
  ],
  subresources: {
    status: true,
  },
  generation: false,
  validate: validateServiceCIDR,
  validateUpdate: validateServiceCIDRUpdate,
  columns: [
    nameColumn,
    { name: 'CIDRs', value: (range) => (range.spec.cidrs ?? []).join(',') },
    ageColumn,
  ],
})
export type ServiceCIDR = Whole<typeof ServiceCIDRSchema>
export type ServiceCIDRInput = InputObjectOf<typeof ServiceCIDR>
