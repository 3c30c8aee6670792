import {
  boolean,
  bytes,
  type InputObjectOf,
  int32,
  list,
  type ObjectOf,
  pointer,
  type ReadOf,
  resource,
  string,
  struct,
  time,
  value,
} from '#machinery'

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
})
export type APIService = ObjectOf<typeof APIService>
export type APIServiceInput = InputObjectOf<typeof APIService>
