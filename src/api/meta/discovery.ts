import { boolean, item, list, type ReadOf, string, struct, value } from '#machinery'

export const APIGroupList = struct('io.k8s.apimachinery.pkg.apis.meta.v1.APIGroupList', () => ({
  kind: string(0),
  apiVersion: string(0),
  groups: list(APIGroup, 1).orNull().required(),
}))
export type APIGroupList = ReadOf<typeof APIGroupList>

export const APIGroup = struct('io.k8s.apimachinery.pkg.apis.meta.v1.APIGroup', () => ({
  kind: string(0),
  apiVersion: string(0),
  name: string(1).emit().required(),
  versions: list(GroupVersionForDiscovery, 2).orNull().required(),
  preferredVersion: value(GroupVersionForDiscovery, 3),
  serverAddressByClientCIDRs: list(ServerAddressByClientCIDR, 4),
}))
export type APIGroup = ReadOf<typeof APIGroup>

export const GroupVersionForDiscovery = struct(
  'io.k8s.apimachinery.pkg.apis.meta.v1.GroupVersionForDiscovery',
  () => ({
    groupVersion: string(1).emit().required(),
    version: string(2).emit().required(),
  }),
)
export type GroupVersionForDiscovery = ReadOf<typeof GroupVersionForDiscovery>

export const ServerAddressByClientCIDR = struct(
  'io.k8s.apimachinery.pkg.apis.meta.v1.ServerAddressByClientCIDR',
  () => ({
    clientCIDR: string(1).emit().required(),
    serverAddress: string(2).emit().required(),
  }),
)
export type ServerAddressByClientCIDR = ReadOf<typeof ServerAddressByClientCIDR>

export const APIResourceList = struct(
  'io.k8s.apimachinery.pkg.apis.meta.v1.APIResourceList',
  () => ({
    kind: string(0),
    apiVersion: string(0),
    groupVersion: string(1).emit().required(),
    resources: list(APIResource, 2).orNull().required(),
  }),
)
export type APIResourceList = ReadOf<typeof APIResourceList>

export const APIResource = struct('io.k8s.apimachinery.pkg.apis.meta.v1.APIResource', () => ({
  name: string(1).emit().required(),
  singularName: string(6).emit().required(),
  namespaced: boolean(2).emit().required(),
  group: string(8),
  version: string(9),
  kind: string(3).emit().required(),
  verbs: list(item.string, 4).orNull().required(),
  shortNames: list(item.string, 5),
  categories: list(item.string, 7),
  storageVersionHash: string(10),
}))
export type APIResource = ReadOf<typeof APIResource>

export const APIVersions = struct('io.k8s.apimachinery.pkg.apis.meta.v1.APIVersions', () => ({
  kind: string(0),
  apiVersion: string(0),
  versions: list(item.string, 1).orNull().required(),
  serverAddressByClientCIDRs: list(ServerAddressByClientCIDR, 2).orNull().required(),
}))
export type APIVersions = ReadOf<typeof APIVersions>
