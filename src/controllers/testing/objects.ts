import {
  decodeObject,
  defaultObject,
  type InputObjectOf,
  type ObjectOf,
  type Resource,
  type StructSchema,
} from '#machinery'

/** An object as the API server would hand it out, had it been created just so, status included. */
export function objectOf<S extends StructSchema>(
  resource: Resource<S>,
  input: InputObjectOf<Resource<S>>,
): ObjectOf<Resource<S>> {
  const [face] = resource.faces
  const { draft } = decodeObject(face, input)
  defaultObject(face, draft)
  return draft as unknown as ObjectOf<Resource<S>>
}
