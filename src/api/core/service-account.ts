import { boolean, type InputObjectOf, list, type Whole, resource, struct } from '#machinery'
import { ageColumn, nameColumn } from '../columns.ts'
import { keepSecretNames, serviceAccountWarnings } from './service-account-strategy.ts'
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
  returnsDeleted: true,
  faces: [{ group: '', version: 'v1', kind: 'ServiceAccount', schema: ServiceAccountSchema }],
  subresources: {
    token: {
      kind: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' },
      verbs: ['create'],
    },
  },
  prepareForCreate: keepSecretNames,
  prepareForUpdate: keepSecretNames,
  warnings: serviceAccountWarnings,
  columns: [
    nameColumn,
    { name: 'Secrets', type: 'integer', value: (account) => account.secrets?.length ?? 0 },
    ageColumn,
  ],
})
export type ServiceAccount = Whole<typeof ServiceAccountSchema>
export type ServiceAccountInput = InputObjectOf<typeof ServiceAccount>
