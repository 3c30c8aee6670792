import type { KubeObject } from '#machinery'

/**
 * What a controller wrote itself and its informer has not shown yet. Reading through it, a
 * controller never decides from a state older than its own last write, and so neither repeats
 * the write nor runs into a conflict with itself.
 */
export class OwnWrites<T extends KubeObject> {
  readonly #written = new Map<string, T>()

  wrote(object: T): T {
    const { uid = '' } = object.metadata
    this.#written.set(uid, object)
    return object
  }

  /** `object` as the informer has it, or the controller's own later state of it. */
  newest(object: T): T {
    const { uid = '' } = object.metadata
    const written = this.#written.get(uid)
    if (written === undefined) return object
    if (isNewer(written, object)) return written
    this.#written.delete(uid)
    return object
  }

  /** The object is gone. */
  forget(object: KubeObject): void {
    this.#written.delete(object.metadata.uid ?? '')
  }
}

/** Versions of one resource are decimal numbers of growing size (KEP-5504). */
function isNewer(a: KubeObject, b: KubeObject): boolean {
  const { resourceVersion: left = '' } = a.metadata
  const { resourceVersion: right = '' } = b.metadata
  return left.length === right.length ? left > right : left.length > right.length
}
