import { errors, StatusError, type StatusCause } from '#machinery'
import type { AdmissionAttributes } from './admission.ts'

/** The 403 of an admission plugin, named as upstream names what was refused. */
export function refusal(attributes: AdmissionAttributes, why: string): StatusError {
  const { resource, face } = attributes
  // The body of a subresource may be of another group than what it belongs to.
  const { group } = resource.faces.includes(face) ? face : resource.faces[0]
  return errors.forbidden({ group, resource: resource.name }, nameOf(attributes), why)
}

/** The same with a cause that clients look for. */
export function refusalBecause(
  attributes: AdmissionAttributes,
  why: string,
  cause: StatusCause,
): StatusError {
  const { status } = refusal(attributes, why)
  return new StatusError({ ...status, details: { ...status.details, causes: [cause] } })
}

/** What a name is made from stands for a name that is not chosen yet. */
function nameOf({ name, object }: AdmissionAttributes): string {
  if (name !== '') return name
  const { name: given = '', generateName = '' } = object?.metadata ?? {}
  return given || generateName || 'Unknown'
}
