import { field, FieldPath, type FieldError, type Whole } from '#machinery'
import { unchanged } from '../immutable.ts'
import { nonNegative } from '../validation.ts'
import type { ControllerRevisionSchema } from './controller-revision.ts'

type ControllerRevision = Whole<typeof ControllerRevisionSchema>

const dataPath = FieldPath.root('data')

export function validateControllerRevision(revision: ControllerRevision): readonly FieldError[] {
  const { data } = revision
  const isObject = typeof data === 'object' && !Array.isArray(data)
  return [
    ...(data === null ? [field.required(dataPath, 'data is mandatory')] : []),
    ...(isObject ? [] : [field.invalid(dataPath, data, 'data must be a valid JSON object')]),
    ...validateNumber(revision),
  ]
}

/** A revision is a snapshot: its number may change when it is returned to, its data may not. */
export function validateControllerRevisionUpdate(
  revision: ControllerRevision,
  old: ControllerRevision,
): readonly FieldError[] {
  return [...validateNumber(revision), ...unchanged(dataPath, revision.data, old.data)]
}

function validateNumber({ revision }: ControllerRevision): readonly FieldError[] {
  return nonNegative(FieldPath.root('revision'), revision)
}
