import {
  boolean,
  type InputObjectOf,
  int32,
  item,
  list,
  map,
  type Whole,
  pointer,
  type ReadOf,
  resource,
  string,
  struct,
  value,
} from '#machinery'
import { ageColumn, nameColumn } from '../columns.ts'
import { formatSliceEndpoints, formatSlicePorts } from './endpoint-slice-columns.ts'
import { ObjectReference } from '../core/object-reference.ts'
import { prepareForCreate, prepareForUpdate } from './endpoint-slice-strategy.ts'
import { validateEndpointSlice, validateEndpointSliceUpdate } from './endpoint-slice-validation.ts'

export const EndpointSliceSchema = struct('io.k8s.api.discovery.v1.EndpointSlice', () => ({
  addressType: string(4).emit().required(),
  endpoints: list(Endpoint, 2).orNull(),
  ports: list(EndpointSlicePort, 3).orNull(),
}))

export const Endpoint = struct('io.k8s.api.discovery.v1.Endpoint', () => ({
  addresses: list(item.string, 1).orNull().set().required(),
  conditions: value(EndpointConditions, 2),
  hostname: string(3).keep(),
  targetRef: pointer(ObjectReference, 4),
  deprecatedTopology: map(item.string, 5),
  nodeName: string(6).keep(),
  zone: string(7).keep(),
  hints: pointer(EndpointHints, 8),
}))
export type Endpoint = ReadOf<typeof Endpoint>

export const EndpointConditions = struct('io.k8s.api.discovery.v1.EndpointConditions', () => ({
  ready: boolean(1).keep(),
  serving: boolean(2).keep(),
  terminating: boolean(3).keep(),
}))
export type EndpointConditions = ReadOf<typeof EndpointConditions>

export const EndpointHints = struct('io.k8s.api.discovery.v1.EndpointHints', () => ({
  forZones: list(ForZone, 1),
  forNodes: list(ForNode, 2),
}))
export type EndpointHints = ReadOf<typeof EndpointHints>

export const ForZone = struct('io.k8s.api.discovery.v1.ForZone', () => ({
  name: string(1).emit().required(),
}))
export type ForZone = ReadOf<typeof ForZone>

export const ForNode = struct('io.k8s.api.discovery.v1.ForNode', () => ({
  name: string(1).emit().required(),
}))
export type ForNode = ReadOf<typeof ForNode>

export const EndpointSlicePort = struct(
  'io.k8s.api.discovery.v1.EndpointPort',
  () => ({
    name: string(1).keep().default(''),
    protocol: string(2).keep().default('TCP'),
    port: int32(3).keep(),
    appProtocol: string(4).keep(),
  }),
  { mapType: 'atomic' },
)
export type EndpointSlicePort = ReadOf<typeof EndpointSlicePort>

export const EndpointSlice = resource({
  name: 'endpointslices',
  namespaced: true,
  faces: [
    {
      group: 'discovery.k8s.io',
      version: 'v1',
      kind: 'EndpointSlice',
      schema: EndpointSliceSchema,
    },
  ],
  generation: true,
  columns: [
    nameColumn,
    { name: 'AddressType', value: (slice) => slice.addressType },
    { name: 'Ports', value: (slice) => formatSlicePorts(slice.ports) },
    { name: 'Endpoints', value: (slice) => formatSliceEndpoints(slice.endpoints) },
    ageColumn,
  ],
  prepareForCreate,
  prepareForUpdate,
  validate: validateEndpointSlice,
  validateUpdate: validateEndpointSliceUpdate,
})
export type EndpointSlice = Whole<typeof EndpointSliceSchema>
export type EndpointSliceInput = InputObjectOf<typeof EndpointSlice>
