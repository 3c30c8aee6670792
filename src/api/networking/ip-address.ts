import {
  type InputObjectOf,
  type ObjectOf,
  pointer,
  type ReadOf,
  resource,
  string,
  struct,
  value,
} from '#machinery'

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
})
export type IPAddress = ObjectOf<typeof IPAddress>
export type IPAddressInput = InputObjectOf<typeof IPAddress>
