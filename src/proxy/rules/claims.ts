import { assert } from '#base'
import type { OwnElement } from './service-rules.ts'

/** Who wants to be an element of a shared set or map. */
export interface Claim {
  readonly owner: string
  /** Decides between owners: RFC 3339 of the owner's creation. */
  readonly since: string
  readonly element: OwnElement
}

/**
 * The elements of the shared sets and maps, and who wants to be each of them. Which claim counts
 * depends on the claims alone, never on the order in which they came.
 */
export class Claims {
  readonly #claims = new Map<string, readonly Claim[]>()

  /** The element in the table, if any. */
  winner(id: string): OwnElement | undefined {
    return this.#claims.get(id)?.[0]?.element
  }

  add(claim: Claim): void {
    const id = elementId(claim.element)
    const claims = [...(this.#claims.get(id) ?? []), claim]
    this.#claims.set(id, claims.length === 1 ? claims : claims.sort(compare))
  }

  remove(owner: string, element: OwnElement): void {
    const id = elementId(element)
    const before = this.#claims.get(id) ?? []
    const at = before.findIndex((claim) => claim.owner === owner && claim.element === element)
    assert(at !== -1, 'a claim that is given up has been made')
    const claims = before.toSpliced(at, 1)
    if (claims.length === 0) this.#claims.delete(id)
    else this.#claims.set(id, claims)
  }

  *winners(): Generator<OwnElement, undefined> {
    for (const [claim] of this.#claims.values()) if (claim !== undefined) yield claim.element
  }
}

export function elementId({ collection, key }: OwnElement): string {
  return `${collection} ${key}`
}

function compare(a: Claim, b: Claim): number {
  if (a.element.rank !== b.element.rank) return a.element.rank === 'cluster-ip' ? -1 : 1
  if (a.since !== b.since) return a.since < b.since ? -1 : 1
  if (a.owner !== b.owner) return a.owner < b.owner ? -1 : 1
  const [first = '', second = ''] = [a.element.verdict, b.element.verdict]
  return first < second ? -1 : first > second ? 1 : 0
}
