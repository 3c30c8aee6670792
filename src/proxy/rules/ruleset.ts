import type { FamilyNames } from '../family.ts'
import { Claims, elementId } from './claims.ts'
import type { OwnElement, OwnRules } from './service-rules.ts'
import { Transaction } from './transaction.ts'

/** What becomes of one owner. */
export interface Change {
  readonly owner: string
  /** RFC 3339 of the owner's creation. */
  readonly since: string
  /** Undefined: it wants nothing any more. */
  readonly rules: OwnRules | undefined
}

/**
 * What should stand in a table of nftables besides its base rules. Each change gives the transaction
 * from what stood there before it; the work is proportional to the change.
 */
export class Ruleset {
  readonly #names: FamilyNames
  readonly #owners = new Map<string, { readonly since: string; readonly rules: OwnRules }>()
  readonly #claims = new Claims()

  constructor(names: FamilyNames) {
    this.#names = names
  }

  /**
   * The transaction from before the first change to after the last. Sliced, as `full`: `breathe` is
   * called between owners, and nothing else may be called meanwhile.
   */
  async apply(changes: readonly Change[], breathe: () => Promise<void>): Promise<string[]> {
    const transaction = this.#transaction()
    const before = new Map<string, OwnElement | undefined>()
    // An owner is named once: what it had is what stands in the table.
    const latest = new Map(changes.map((change) => [change.owner, change]))
    for (const change of latest.values()) {
      const old = this.#owners.get(change.owner)
      await breathe()
      if (old !== undefined && change.rules !== undefined && change.since === old.since) {
        if (sameRules(old.rules, change.rules)) continue
      }
      diffOwn(old?.rules, change.rules, transaction)
      this.#reclaim(change, before)
    }
    for (const [id, old] of before) {
      const next = this.#claims.winner(id)
      if (old?.verdict === next?.verdict && (old === undefined) === (next === undefined)) continue
      if (old !== undefined) transaction.removeElement(old)
      if (next !== undefined) transaction.addElement(next)
    }
    return transaction.lines()
  }

  /**
   * All of it, as commands for a table that has the base rules only. `members` are what the sets
   * that packets fill are to have from the start; of sets that are not wanted they are left out.
   */
  async full(
    members: ReadonlyMap<string, readonly string[]>,
    breathe: () => Promise<void>,
  ): Promise<string[]> {
    const transaction = this.#transaction()
    for (const { rules } of this.#owners.values()) {
      diffOwn(undefined, rules, transaction)
      for (const set of rules.sets) transaction.restoreMembers(set, members.get(set) ?? [])
      await breathe()
    }
    for (const element of this.#claims.winners()) transaction.addElement(element)
    return transaction.lines()
  }

  #transaction(): Transaction {
    return new Transaction(this.#names.table, this.#names.addressType)
  }

  #reclaim({ owner, since, rules }: Change, before: Map<string, OwnElement | undefined>): void {
    const touch = (element: OwnElement) => {
      const id = elementId(element)
      if (!before.has(id)) before.set(id, this.#claims.winner(id))
    }
    for (const element of this.#owners.get(owner)?.rules.elements ?? []) {
      touch(element)
      this.#claims.remove(owner, element)
    }
    if (rules === undefined) {
      this.#owners.delete(owner)
      return
    }
    for (const element of rules.elements) {
      touch(element)
      this.#claims.add({ owner, since, element })
    }
    this.#owners.set(owner, { since, rules })
  }
}

/** The chains and sets that are an owner's alone. */
function diffOwn(
  old: OwnRules | undefined,
  next: OwnRules | undefined,
  transaction: Transaction,
): void {
  for (const set of next?.sets ?? []) if (old?.sets.has(set) !== true) transaction.addSet(set)
  for (const set of old?.sets ?? []) if (next?.sets.has(set) !== true) transaction.removeSet(set)
  for (const [name, rules] of next?.chains ?? []) {
    const known = old?.chains.get(name)
    if (known === undefined) transaction.addChain(name, rules)
    else if (!sameList(known, rules)) transaction.changeChain(name, rules)
  }
  for (const name of old?.chains.keys() ?? []) {
    if (next?.chains.has(name) !== true) transaction.removeChain(name)
  }
}

function sameRules(a: OwnRules, b: OwnRules): boolean {
  if (a.chains.size !== b.chains.size || a.elements.length !== b.elements.length) return false
  if (a.sets.size !== b.sets.size || ![...a.sets].every((set) => b.sets.has(set))) return false
  for (const [name, rules] of a.chains) if (!sameList(rules, b.chains.get(name))) return false
  return a.elements.every((element, at) => {
    const other = b.elements[at]
    if (other === undefined || elementId(element) !== elementId(other)) return false
    return element.verdict === other.verdict && element.rank === other.rank
  })
}

function sameList(a: readonly string[], b: readonly string[] | undefined): boolean {
  return b !== undefined && a.length === b.length && a.every((value, at) => value === b[at])
}
