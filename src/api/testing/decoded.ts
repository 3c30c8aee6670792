import {
  applyDefaults,
  Normalizer,
  type InputObjectOf,
  type ObjectOf,
  type Resource,
  type StructSchema,
} from '#machinery'

/** An object as the API server has it after decoding and defaulting, for tests. */
export function decoded<S extends StructSchema>(
  resource: Resource<S>,
  input: InputObjectOf<Resource<S>>,
): ObjectOf<Resource<S>> {
  const { group, version, kind, schema } = resource.faces[0]
  const fields = new Normalizer().struct(schema, JSON.parse(JSON.stringify({ ...input })))
  applyDefaults(schema, fields)
  const apiVersion = group === '' ? version : `${group}/${version}`
  return { apiVersion, kind, metadata: input.metadata, ...fields } as ObjectOf<Resource<S>>
}
