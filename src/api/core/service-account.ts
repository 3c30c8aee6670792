import { boolean, type InputObjectOf, list, type ObjectOf, resource, struct } from '#machinery'
import { LocalObjectReference, ObjectReference } from './object-reference.ts'

export const ServiceAccountSchema = struct('io.k8s.api.core.v1.ServiceAccount', () => ({
  secrets: list(ObjectReference, 2).mapBy('name').patch('merge', 'name'),
  imagePullSecrets: list(LocalObjectReference, 3),
  automountServiceAccountToken: boolean(4).keep(),
}))

export const ServiceAccount = resource({
  name: 'serviceaccounts',
  shortNames: ['sa'],
  namespaced: true,
  faces: [{ group: '', version: 'v1', kind: 'ServiceAccount', schema: ServiceAccountSchema }],
  subresources: {
    token: {
      kind: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' },
      verbs: ['create'],
    },
  },
})
export type ServiceAccount = ObjectOf<typeof ServiceAccount>
export type ServiceAccountInput = InputObjectOf<typeof ServiceAccount>
