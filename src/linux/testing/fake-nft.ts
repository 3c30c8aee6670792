import { LinuxError } from '../error.ts'
import type { Nft, NftElement, NftSet, NftTable } from '../nft.ts'

/** A table as the twin keeps it. */
interface Table {
  readonly chains: Map<string, { readonly definition: string; rules: string[] }>
  /** Sets and maps: the verdict is '' in a set. */
  readonly collections: Map<string, { readonly type: 'set' | 'map'; elements: Map<string, string> }>
}

/**
 * Keeps tables as the kernel would for scripts of one command a line. It refuses what the kernel
 * refuses: what is not there, what is there with another definition, rules and elements that lead to
 * chains or sets that are not there, and the deletion of what something leads to. It does not know
 * what rules mean.
 */
export class FakeNft implements Nft {
  /** What was applied, in order. */
  readonly scripts: string[] = []
  /** The next so many transactions are refused. */
  failures = 0
  #tables = new Map<string, Table>()

  async apply(script: string): Promise<void> {
    if (this.failures > 0) {
      this.failures--
      throw refused('as the test asked for')
    }
    this.#tables = run(script, this.#tables)
    this.scripts.push(script)
  }

  async check(script: string): Promise<void> {
    run(script, this.#tables)
  }

  async listChain({ family, name }: NftTable, chain: string): Promise<string | undefined> {
    return this.#tables.get(`${family} ${name}`)?.chains.get(chain)?.rules.join('\n')
  }

  async listSets({ family, name }: NftTable): Promise<readonly NftSet[]> {
    const collections = this.#tables.get(`${family} ${name}`)?.collections ?? new Map()
    const sets: NftSet[] = []
    for (const [set, { type, elements }] of collections) {
      if (type === 'set') sets.push({ name: set, elements: [...elements.keys()].map(elementOf) })
    }
    return sets
  }

  /** What packets put into sets, tests put there by hand: `9.9.9.9 timeout 60s expires 30s`. */
  learn(table: NftTable, set: string, element: string): void {
    this.#tables = run(
      `add element ${table.family} ${table.name} ${set} { ${element} }`,
      this.#tables,
    )
  }

  /** All there is, in an order of its own: equal for equal tables however they came about. */
  dump(): string {
    const lines: string[] = []
    for (const [table, { chains, collections }] of this.#tables) {
      lines.push(`table ${table}`)
      for (const [name, { definition, rules }] of chains) {
        lines.push(`${table} chain ${name} ${definition}`)
        lines.push(...rules.map((rule, at) => `${table} chain ${name} ${at}: ${rule}`))
      }
      for (const [name, { type, elements }] of collections) {
        lines.push(`${table} ${type} ${name}`)
        for (const [key, verdict] of elements)
          lines.push(`${table} ${type} ${name} ${key}${verdict}`)
      }
    }
    return lines.sort().join('\n')
  }
}

function run(script: string, before: ReadonlyMap<string, Table>): Map<string, Table> {
  const tables = new Map([...before].map(([name, table]) => [name, copyOf(table)]))
  for (const line of script.split('\n')) {
    if (line.trim() !== '') command(line.trim(), tables)
  }
  for (const [name, table] of tables) assertWhole(name, table)
  return tables
}

function copyOf({ chains, collections }: Table): Table {
  return {
    chains: new Map(
      [...chains].map(([name, { definition, rules }]) => [name, { definition, rules: [...rules] }]),
    ),
    collections: new Map(
      [...collections].map(([name, { type, elements }]) => [
        name,
        { type, elements: new Map(elements) },
      ]),
    ),
  }
}

function command(line: string, tables: Map<string, Table>): void {
  const [verb = '', what = '', family = '', tableName = '', name = '', ...words] = line.split(' ')
  const tableKey = `${family} ${tableName}`
  const rest = words.join(' ')
  if (what === 'table') return tableCommand(verb, tableKey, tables, line)
  const table = tables.get(tableKey)
  if (table === undefined) throw refused(`${line}: there is no such table`)
  const { chains, collections } = table
  switch (`${verb} ${what}`) {
    case 'add chain': {
      const known = chains.get(name)
      if (known === undefined) chains.set(name, { definition: rest, rules: [] })
      else if (known.definition !== rest) throw refused(`${line}: is there as ${known.definition}`)
      return
    }
    case 'add rule':
      return void found(chains.get(name), line).rules.push(rest)
    case 'flush chain':
      found(chains.get(name), line).rules = []
      return
    case 'delete chain':
      found(chains.get(name), line)
      chains.delete(name)
      return
    case 'add set':
    case 'add map':
      if (!collections.has(name)) {
        collections.set(name, { type: what === 'set' ? 'set' : 'map', elements: new Map() })
      }
      return
    case 'delete set':
      found(collections.get(name), line)
      collections.delete(name)
      return
    case 'add element':
      return addElements(found(collections.get(name), line).elements, rest, line)
    case 'delete element':
      for (const { key } of elementsOf(rest)) {
        if (!found(collections.get(name), line).elements.delete(key)) {
          throw refused(`${line}: there is no ${key}`)
        }
      }
      return
    default:
      throw refused(`${line}: the twin does not know this command`)
  }
}

function tableCommand(verb: string, key: string, tables: Map<string, Table>, line: string): void {
  if (verb === 'add') {
    if (!tables.has(key)) tables.set(key, { chains: new Map(), collections: new Map() })
  } else if (verb !== 'delete') throw refused(`${line}: the twin does not know this command`)
  else if (!tables.delete(key)) throw refused(`${line}: there is no such table`)
}

function addElements(elements: Map<string, string>, rest: string, line: string): void {
  for (const { key, verdict } of elementsOf(rest)) {
    const known = elements.get(key)
    if (known !== undefined && known !== verdict) throw refused(`${line}: ${key} is there${known}`)
    elements.set(key, verdict)
  }
}

/** `{ a : goto b, c : drop }`. IPv6 addresses have colons, but none with blanks around it. */
function elementsOf(rest: string): { key: string; verdict: string }[] {
  const inside = rest.replace(/^\{ /, '').replace(/ \}$/, '')
  return inside.split(', ').map((element) => {
    const at = element.indexOf(' : ')
    if (at === -1) return { key: element, verdict: '' }
    return { key: element.slice(0, at), verdict: element.slice(at) }
  })
}

/** Whatever is led to is there. */
function assertWhole(name: string, { chains, collections }: Table): void {
  const check = (text: string, where: string) => {
    for (const [, chain = ''] of text.matchAll(/(?:goto|jump) ([^\s,}]+)/g)) {
      if (!chains.has(chain))
        throw refused(`${name} ${where} leads to ${chain}, which is not there`)
    }
    for (const [, set = ''] of text.matchAll(/@(\S+)/g)) {
      if (!collections.has(set)) throw refused(`${name} ${where} uses ${set}, which is not there`)
    }
  }
  for (const [chain, { rules }] of chains) for (const rule of rules) check(rule, chain)
  for (const [map, { elements }] of collections) {
    for (const verdict of elements.values()) check(verdict, map)
  }
}

function found<T>(object: T | undefined, line: string): T {
  if (object === undefined) throw refused(`${line}: No such file or directory`)
  return object
}

function elementOf(element: string): NftElement {
  const [value = ''] = element.split(' ')
  const seconds = (name: string) => {
    const digits = new RegExp(`${name} (\\d+)s`).exec(element)?.[1]
    return digits === undefined ? undefined : Number(digits)
  }
  return { value, timeoutSeconds: seconds('timeout'), expiresSeconds: seconds('expires') }
}

function refused(why: string): LinuxError {
  return new LinuxError('CommandFailed', `nft -f -: Error: ${why}`)
}
