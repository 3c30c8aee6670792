import { formatTime } from '#base'
import {
  applyPatch,
  decodeObject,
  errors,
  field,
  FieldPath,
  formatGroupVersion,
  wholeObject,
  type Json,
  type JsonReading,
  type KubeObject,
  type ObjectDraft,
} from '#machinery'
import type { Answer } from '../request.ts'
import { handleProblems } from './body.ts'
import type { Call } from './call.ts'
import { resetFields, setManagedFields } from './ownership.ts'
import { change, checkName } from './update.ts'
import type { WriteOptions } from './write-options.ts'

/** Server-side apply (KEP-555): merges a configuration, creates the object where there is none. */
export async function applyConfiguration(
  call: Call,
  body: JsonReading,
  options: WriteOptions,
): Promise<Answer> {
  if ((call.request.query.get('fieldManager') ?? '') === '') {
    throw errors.invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [
      field.required(FieldPath.root('fieldManager'), 'is required for apply patch'),
    ])
  }
  const merge = (live: KubeObject | undefined) => merged(call, body, options, live)
  const creates = call.info.subresource === ''
  return change(call, options, {
    apply: merge,
    ...(creates ? { create: () => merge(undefined) } : {}),
    ownsFields: true,
    retries: true,
  })
}

function merged(
  call: Call,
  body: JsonReading,
  options: WriteOptions,
  live: KubeObject | undefined,
): ObjectDraft {
  const { face, info, registry } = call
  const result = applyPatch({
    schema: wholeObject(face.schema),
    apiVersion: formatGroupVersion(face),
    manager: options.fieldManager,
    subresource: info.subresource,
    time: formatTime(registry.clock.now()),
    reset: resetFields(call),
    live,
    applied: body.value as Json,
    force: options.force ?? false,
  })
  if (!result.ok) throw result.conflicts
  const { draft, problems } = decodeObject(face, result.object)
  handleProblems(call, face, [...body.duplicates, ...problems], options)
  if (live === undefined && (draft.metadata.name ?? '') === '') draft.metadata.name = info.name
  checkName(call, draft)
  setManagedFields(draft, result.managedFields)
  return draft
}
