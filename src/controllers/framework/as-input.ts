import type { InputObjectOf, ObjectOf, Resource, StructSchema } from '#machinery'

/**
 * An object that was read, to be written back. The types differ where an object that is stored
 * lacks a field which is asked for today; it is for validation to say so.
 */
export function asInput<S extends StructSchema>(
  _resource: Resource<S>,
  object: ObjectOf<Resource<S>>,
): InputObjectOf<Resource<S>> {
  return object as unknown as InputObjectOf<Resource<S>>
}
