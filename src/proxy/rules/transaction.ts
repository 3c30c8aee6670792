import type { NftTable } from '#linux'
import { elementsPerCommand } from '../limits.ts'
import type { OwnElement } from './service-rules.ts'

/**
 * Collects what is to change in a table, and writes it in an order in which nothing ever leads to
 * what is not there: first what is new, last what is gone.
 */
export class Transaction {
  readonly #addedSets: string[] = []
  readonly #addedChains: string[] = []
  readonly #flushed: string[] = []
  readonly #rules: string[] = []
  readonly #removedElements = new Map<string, string[]>()
  readonly #addedElements = new Map<string, string[]>()
  readonly #emptied: string[] = []
  readonly #removedChains: string[] = []
  readonly #removedSets: string[] = []
  readonly #place: string
  readonly #addressType: string

  constructor({ family, name }: NftTable, addressType: string) {
    this.#place = `${family} ${name}`
    this.#addressType = addressType
  }

  addSet(name: string): void {
    const type = `type ${this.#addressType} ; flags dynamic,timeout ;`
    this.#addedSets.push(`add set ${this.#place} ${name} { ${type} }`)
  }

  removeSet(name: string): void {
    this.#removedSets.push(`delete set ${this.#place} ${name}`)
  }

  addChain(name: string, rules: readonly string[]): void {
    this.#addedChains.push(`add chain ${this.#place} ${name}`)
    this.#addRules(name, rules)
  }

  changeChain(name: string, rules: readonly string[]): void {
    this.#flushed.push(`flush chain ${this.#place} ${name}`)
    this.#addRules(name, rules)
  }

  removeChain(name: string): void {
    this.#emptied.push(`flush chain ${this.#place} ${name}`)
    this.#removedChains.push(`delete chain ${this.#place} ${name}`)
  }

  addElement({ collection, key, verdict }: OwnElement): void {
    listed(this.#addedElements, collection, verdict === undefined ? key : `${key} : ${verdict}`)
  }

  removeElement({ collection, key }: OwnElement): void {
    listed(this.#removedElements, collection, key)
  }

  /** Members that packets had put into a set of a Service. */
  restoreMembers(set: string, members: readonly string[]): void {
    for (const member of members) listed(this.#addedElements, set, member)
  }

  /** One command a line; none when nothing changes. */
  lines(): string[] {
    return [
      ...this.#addedSets,
      ...this.#addedChains,
      ...this.#flushed,
      ...this.#rules,
      ...this.#elements('delete', this.#removedElements),
      ...this.#elements('add', this.#addedElements),
      ...this.#emptied,
      ...this.#removedChains,
      ...this.#removedSets,
    ]
  }

  #addRules(chain: string, rules: readonly string[]): void {
    for (const rule of rules) this.#rules.push(`add rule ${this.#place} ${chain} ${rule}`)
  }

  #elements(verb: 'add' | 'delete', elements: ReadonlyMap<string, readonly string[]>): string[] {
    const lines: string[] = []
    for (const [collection, keys] of elements) {
      for (let from = 0; from < keys.length; from += elementsPerCommand) {
        const part = keys.slice(from, from + elementsPerCommand).join(', ')
        lines.push(`${verb} element ${this.#place} ${collection} { ${part} }`)
      }
    }
    return lines
  }
}

function listed(lists: Map<string, string[]>, name: string, value: string): void {
  const list = lists.get(name)
  if (list === undefined) lists.set(name, [value])
  else list.push(value)
}
