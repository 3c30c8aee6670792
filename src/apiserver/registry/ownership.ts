import { formatTime } from '#base'
import {
  formatGroupVersion,
  managerFromUserAgent,
  setOfFields,
  updateManagedFields,
  wholeObject,
  type FieldSet,
  type KubeObject,
  type Mutable,
  type ManagedFieldsEntry,
  type ObjectDraft,
} from '#machinery'
import type { Call } from './call.ts'

/**
 * Records in `metadata.managedFields` what this plain write changes (KEP-555). Both objects are in
 * the request's face. A write that changes nothing leaves the entries as they are.
 */
export function recordOwnership(
  call: Call,
  draft: ObjectDraft,
  live: KubeObject | undefined,
  fieldManager: string,
): void {
  const { face, registry, info, request } = call
  const manager =
    fieldManager === '' ? managerFromUserAgent(request.header('user-agent') ?? '') : fieldManager
  const entries = updateManagedFields({
    schema: wholeObject(face.schema),
    apiVersion: formatGroupVersion(face),
    manager,
    subresource: info.subresource,
    time: formatTime(registry.clock.now()),
    reset: resetFields(call),
    live,
    next: draft,
  })
  setManagedFields(draft, entries)
}

/** What this kind of write resets, so that nobody owns it by this write. */
export function resetFields({ resource, info }: Call): FieldSet | undefined {
  if (info.subresource === 'status') return specFields
  return resource.subresources['status'] === undefined ? undefined : statusFields
}

const specFields = setOfFields([['spec']])
const statusFields = setOfFields([['status']])

export function setManagedFields(draft: ObjectDraft, entries: readonly ManagedFieldsEntry[]): void {
  if (entries.length === 0) delete draft.metadata.managedFields
  // Entries are never changed once made, so the draft may share them.
  else draft.metadata.managedFields = entries as Mutable<ManagedFieldsEntry>[]
}
