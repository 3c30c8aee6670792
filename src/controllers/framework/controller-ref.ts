import type { KubeObject, OwnerReference } from '#machinery'

/** The one owner that manages the object, undefined where nobody does (metav1.GetControllerOf). */
export function controllerOf({ metadata }: KubeObject): OwnerReference | undefined {
  return metadata.ownerReferences?.find((reference) => reference.controller === true)
}

export function isControlledBy(object: KubeObject, owner: KubeObject): boolean {
  return controllerOf(object)?.uid === owner.metadata.uid
}

/** What objects carry that `owner` manages (metav1.NewControllerRef). */
export function controllerReference({ apiVersion, kind, metadata }: KubeObject): OwnerReference {
  const { name = '', uid = '' } = metadata
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true }
}

/** The index by which dependents are found, of every informer that has it. */
export const ownershipIndex = 'ownership'

/** Under the uid of its controller, or among the orphans of its namespace. */
export function ownershipKeys(object: KubeObject): readonly string[] {
  return [controllerOf(object)?.uid ?? orphansOf(object.metadata.namespace ?? '')]
}

/** Where the index has the objects of a namespace that nobody manages. */
export function orphansOf(namespace: string): string {
  return `orphans/${namespace}`
}
