import {
  boolean,
  type InputObjectOf,
  item,
  map,
  type ObjectOf,
  resource,
  string,
  struct,
} from '#machinery'

export const SecretSchema = struct('io.k8s.api.core.v1.Secret', () => ({
  immutable: boolean(5).keep(),
  data: map(item.bytes, 2),
  stringData: map(item.string, 4),
  type: string(3).default('Opaque'),
}))

export const Secret = resource({
  name: 'secrets',
  namespaced: true,
  faces: [{ group: '', version: 'v1', kind: 'Secret', schema: SecretSchema }],
})
export type Secret = ObjectOf<typeof Secret>
export type SecretInput = InputObjectOf<typeof Secret>
