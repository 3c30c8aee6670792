import {
  type InputObjectOf,
  int32,
  list,
  type Whole,
  pointer,
  type ReadOf,
  resource,
  string,
  struct,
} from '#machinery'
import { ageColumn, nameColumn } from '../columns.ts'
import { formatEndpoints } from './endpoints-columns.ts'
import { ObjectReference } from './object-reference.ts'
import { validateEndpoints, validateEndpointsUpdate } from './endpoints-validation.ts'

export const EndpointsSchema = struct('io.k8s.api.core.v1.Endpoints', () => ({
  subsets: list(EndpointSubset, 2),
}))

export const EndpointSubset = struct('io.k8s.api.core.v1.EndpointSubset', () => ({
  addresses: list(EndpointAddress, 1),
  notReadyAddresses: list(EndpointAddress, 2),
  ports: list(EndpointPort, 3),
}))
export type EndpointSubset = ReadOf<typeof EndpointSubset>

export const EndpointAddress = struct(
  'io.k8s.api.core.v1.EndpointAddress',
  () => ({
    ip: string(1).emit().required(),
    hostname: string(3),
    nodeName: string(4).keep(),
    targetRef: pointer(ObjectReference, 2),
  }),
  { mapType: 'atomic' },
)
export type EndpointAddress = ReadOf<typeof EndpointAddress>

export const EndpointPort = struct(
  'io.k8s.api.core.v1.EndpointPort',
  () => ({
    name: string(1),
    port: int32(2).emit().required(),
    protocol: string(3).values('SCTP', 'TCP', 'UDP').default('TCP'),
    appProtocol: string(4).keep(),
  }),
  { mapType: 'atomic' },
)
export type EndpointPort = ReadOf<typeof EndpointPort>

export const Endpoints = resource({
  name: 'endpoints',
  shortNames: ['ep'],
  namespaced: true,
  faces: [{ group: '', version: 'v1', kind: 'Endpoints', schema: EndpointsSchema }],
  storagePath: 'services/endpoints',
  createOnUpdate: true,
  columns: [
    nameColumn,
    { name: 'Endpoints', value: (endpoints) => formatEndpoints(endpoints.subsets) },
    ageColumn,
  ],
  validate: validateEndpoints,
  validateUpdate: validateEndpointsUpdate,
})
export type Endpoints = Whole<typeof EndpointsSchema>
export type EndpointsInput = InputObjectOf<typeof Endpoints>
