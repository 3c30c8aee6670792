import type { Target } from './objects.ts'

/** So many are remembered, the latest ones; upstream's number. */
const absentOwnersMax = 500

/**
 * Owners the server has said are not there. A uid never comes back, so what is absent stays so.
 * Dependents of one owner come one after another, and only the first needs to ask.
 */
export class AbsentOwners {
  readonly #keys = new Set<string>()

  has(owner: Target): boolean {
    return this.#keys.has(keyOf(owner))
  }

  add(owner: Target): void {
    this.#keys.add(keyOf(owner))
    if (this.#keys.size <= absentOwnersMax) return
    const [oldest] = this.#keys
    if (oldest !== undefined) this.#keys.delete(oldest)
  }
}

/** With where it was looked for: another reference may know better where it is. */
function keyOf({ resource, namespace, name, uid }: Target): string {
  return `${resource.faces[0].group}/${resource.name}/${namespace}/${name}/${uid}`
}
