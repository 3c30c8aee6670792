import { int64, item, list, pointer, type ReadOf, string, struct, time, value } from '#machinery'

export const TokenRequestSchema = struct('io.k8s.api.authentication.v1.TokenRequest', () => ({
  spec: value(TokenRequestSpec, 2),
  status: value(TokenRequestStatus, 3),
}))

export const TokenRequestSpec = struct('io.k8s.api.authentication.v1.TokenRequestSpec', () => ({
  audiences: list(item.string, 1).orNull(),
  expirationSeconds: int64(4).orNull().default(3600),
  boundObjectRef: pointer(BoundObjectReference, 3).orNull(),
}))
export type TokenRequestSpec = ReadOf<typeof TokenRequestSpec>

export const BoundObjectReference = struct(
  'io.k8s.api.authentication.v1.BoundObjectReference',
  () => ({
    kind: string(1),
    apiVersion: string(2),
    name: string(3),
    uid: string(4),
  }),
)
export type BoundObjectReference = ReadOf<typeof BoundObjectReference>

export const TokenRequestStatus = struct('io.k8s.api.authentication.v1.TokenRequestStatus', () => ({
  token: string(1).emit(),
  expirationTimestamp: time(2).orNull(),
}))
export type TokenRequestStatus = ReadOf<typeof TokenRequestStatus>
