import {
  type InputObjectOf,
  type Whole,
  pointer,
  type ReadOf,
  resource,
  string,
  struct,
  value,
} from '#machinery'
import { ageColumn, nameColumn } from '../columns.ts'
import {
  validateIPAddress,
  validateIPAddressName,
  validateIPAddressUpdate,
} from './ip-address-validation.ts'

export const IPAddressSchema = struct('io.k8s.api.networking.v1.IPAddress', () => ({
  spec: value(IPAddressSpec, 2).required(),
}))

export const IPAddressSpec = struct('io.k8s.api.networking.v1.IPAddressSpec', () => ({
  parentRef: pointer(ParentReference, 1).required(),
}))
export type IPAddressSpec = ReadOf<typeof IPAddressSpec>

export const ParentReference = struct('io.k8s.api.networking.v1.ParentReference', () => ({
  group: string(1),
  resource: string(2).required(),
  namespace: string(3),
  name: string(4).required(),
}))
export type ParentReference = ReadOf<typeof ParentReference>

export const IPAddress = resource({
  name: 'ipaddresses',
  shortNames: ['ip'],
  namespaced: false,
  faces: [
    { group: 'networking.k8s.io', version: 'v1', kind: 'IPAddress', schema: IPAddressSchema },
  ],
  validateName: validateIPAddressName,
  validate: validateIPAddress,
  validateUpdate: validateIPAddressUpdate,
  columns: [
    nameColumn,
    { name: 'ParentRef', value: (address) => formatParentReference(address.spec.parentRef) },
    ageColumn,
  ],
})
export type IPAddress = Whole<typeof IPAddressSchema>
export type IPAddressInput = InputObjectOf<typeof IPAddress>

function formatParentReference(reference: ParentReference | undefined): string {
  if (reference === undefined) return ''
  const { group, resource: name = '', namespace } = reference
  const parts = [group === undefined ? name : `${name}.${group}`]
  if (namespace !== undefined) parts.push(namespace)
  return [...parts, reference.name ?? ''].join('/')
}
