import {
  setOwn,
  boolean,
  type InputObjectOf,
  item,
  map,
  type Whole,
  resource,
  string,
  struct,
} from '#machinery'
import { ageColumn, nameColumn } from '../columns.ts'
import { validateSecret, validateSecretUpdate } from './secret-validation.ts'

export const SecretSchema = struct(
  'io.k8s.api.core.v1.Secret',
  () => ({
    immutable: boolean(5).keep(),
    data: map(item.bytes, 2),
    stringData: map(item.string, 4),
    type: string(3).default('Opaque'),
  }),
  {
    /** stringData is for writing only: it becomes data, over what is there. */
    defaults(secret) {
      if (secret.stringData === undefined) return
      secret.data ??= {}
      for (const [key, text] of Object.entries(secret.stringData)) {
        setOwn(secret.data, key, Buffer.from(text).toString('base64'))
      }
      delete secret.stringData
    },
  },
)

export const Secret = resource({
  name: 'secrets',
  namespaced: true,
  faces: [{ group: '', version: 'v1', kind: 'Secret', schema: SecretSchema }],
  columns: [
    nameColumn,
    { name: 'Type', value: (secret) => secret.type },
    { name: 'Data', type: 'integer', value: (secret) => Object.keys(secret.data ?? {}).length },
    ageColumn,
  ],
  selectableFields: [{ path: 'type', value: (secret) => secret.type }],
  validate: validateSecret,
  validateUpdate: validateSecretUpdate,
})
export type Secret = Whole<typeof SecretSchema>
export type SecretInput = InputObjectOf<typeof Secret>
