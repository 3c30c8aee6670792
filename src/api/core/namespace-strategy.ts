import {
  equalJson,
  field,
  isQualifiedName,
  mutable,
  type FieldError,
  type Whole,
  type WholeDraft,
} from '#machinery'
import { each, problems, specPath, statusPath } from '../validation.ts'
import type { NamespaceSchema } from './namespace.ts'

type Namespace = Whole<typeof NamespaceSchema>
type NamespaceDraft = WholeDraft<typeof NamespaceSchema>

/** The finalizer of the controller that empties namespaces. */
export const namespaceFinalizer = 'kubernetes'
/** Selectors of namespaces can name one by this label; its value is always the name. */
export const namespaceNameLabel = 'kubernetes.io/metadata.name'

export function prepareForCreate(draft: NamespaceDraft): void {
  draft.status = { phase: 'Active' }
  const finalizers = draft.spec.finalizers ?? []
  if (!finalizers.includes(namespaceFinalizer)) {
    draft.spec.finalizers = [...finalizers, namespaceFinalizer]
  }
  labelWithName(draft)
}

export function prepareForUpdate(draft: NamespaceDraft, old: Namespace): void {
  takeFinalizers(draft, old.spec.finalizers)
  labelWithName(draft)
}

/** Only the finalizers come from the request. */
export function prepareForFinalize(draft: NamespaceDraft, old: Namespace): void {
  draft.status = mutable(old.status)
}

export function markDeleting(draft: NamespaceDraft): void {
  draft.status.phase = 'Terminating'
}

export function pendingFinalizers(namespace: Namespace): readonly string[] {
  return namespace.spec.finalizers ?? []
}

export function validateNamespace({ spec }: Namespace): readonly FieldError[] {
  return each(specPath.child('finalizers'), spec.finalizers, (name) =>
    problems(specPath.child('finalizers'), name, isQualifiedName(name)),
  )
}

export function validateStatusUpdate(
  { metadata, status }: Namespace,
  old: Namespace,
): readonly FieldError[] {
  if (equalJson(status, old.status)) return []
  const path = statusPath.child('Phase')
  if (metadata.deletionTimestamp === undefined) {
    if (status.phase === 'Active') return []
    return [
      field.invalid(path, status.phase, "may only be 'Active' if `deletionTimestamp` is empty"),
    ]
  }
  if (status.phase === 'Terminating') return []
  const why = "may only be 'Terminating' if `deletionTimestamp` is not empty"
  return [field.invalid(path, status.phase, why)]
}

function takeFinalizers(draft: NamespaceDraft, finalizers: readonly string[] | undefined): void {
  if (finalizers === undefined) delete draft.spec.finalizers
  else draft.spec.finalizers = [...finalizers]
}

function labelWithName({ metadata }: NamespaceDraft): void {
  if (metadata.name === undefined) return
  metadata.labels = { ...metadata.labels, [namespaceNameLabel]: metadata.name }
}
