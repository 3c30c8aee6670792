import {
  boolean,
  bytes,
  type InputObjectOf,
  int32,
  list,
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

export const APIServiceSchema = struct(
  'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService',
  () => ({
    spec: value(APIServiceSpec, 2),
    status: value(APIServiceStatus, 3),
  }),
)

export const APIServiceSpec = struct(
  'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIServiceSpec',
  () => ({
    service: pointer(APIServiceReference, 1),
    group: string(2),
    version: string(3),
    insecureSkipTLSVerify: boolean(4),
    caBundle: bytes(5),
    groupPriorityMinimum: int32(7).emit().required(),
    versionPriority: int32(8).emit().required(),
  }),
)
export type APIServiceSpec = ReadOf<typeof APIServiceSpec>

export const APIServiceReference = struct(
  'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.ServiceReference',
  () => ({
    namespace: string(1),
    name: string(2),
    port: int32(3).keep().default(443),
  }),
)
export type APIServiceReference = ReadOf<typeof APIServiceReference>

export const APIServiceStatus = struct(
  'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIServiceStatus',
  () => ({
    conditions: list(APIServiceCondition, 1).mapBy('type').patch('merge', 'type'),
  }),
)
export type APIServiceStatus = ReadOf<typeof APIServiceStatus>

export const APIServiceCondition = struct(
  'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIServiceCondition',
  () => ({
    type: string(1).emit().required(),
    status: string(2).emit().required(),
    lastTransitionTime: time(3).orNull(),
    reason: string(4),
    message: string(5),
  }),
)
export type APIServiceCondition = ReadOf<typeof APIServiceCondition>

export const APIService = resource({
  name: 'apiservices',
  categories: ['api-extensions'],
  namespaced: false,
  faces: [
    {
      group: 'apiregistration.k8s.io',
      version: 'v1',
      kind: 'APIService',
      schema: APIServiceSchema,
    },
  ],
  storagePath: 'apiregistration.k8s.io/apiservices',
  subresources: {
    status: true,
  },
  unconditionalUpdate: false,
  columns: [
    nameColumn,
    {
      name: 'Service',
      value: (service) =>
        service.spec.service === undefined
          ? 'Local'
          : `${service.spec.service.namespace ?? ''}/${service.spec.service.name ?? ''}`,
    },
    { name: 'Available', value: (service) => formatAvailable(service.status.conditions) },
    ageColumn,
  ],
})
export type APIService = Whole<typeof APIServiceSchema>
export type APIServiceInput = InputObjectOf<typeof APIService>

function formatAvailable(conditions: readonly APIServiceCondition[] | undefined): string {
  const condition = conditions?.find(({ type }) => type === 'Available')
  if (condition === undefined) return 'Unknown'
  if (condition.status === 'True') return 'True'
  return `${condition.status} (${condition.reason ?? ''})`
}
