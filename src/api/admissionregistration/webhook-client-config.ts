import { bytes, int32, pointer, type ReadOf, string, struct } from '#machinery'

export const WebhookClientConfig = struct(
  'io.k8s.api.admissionregistration.v1.WebhookClientConfig',
  () => ({
    url: string(3).keep(),
    service: pointer(WebhookServiceReference, 1),
    caBundle: bytes(2),
  }),
)
export type WebhookClientConfig = ReadOf<typeof WebhookClientConfig>

export const WebhookServiceReference = struct(
  'io.k8s.api.admissionregistration.v1.ServiceReference',
  () => ({
    namespace: string(1).emit().required(),
    name: string(2).emit().required(),
    path: string(3).keep(),
    port: int32(4).keep().default(443),
  }),
)
export type WebhookServiceReference = ReadOf<typeof WebhookServiceReference>
