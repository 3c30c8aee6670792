import { LinuxError } from './error.ts'
import type { Exec } from './exec.ts'
import { inNetworkNamespace } from './namespaces.ts'

export interface NftTable {
  readonly family: 'ip' | 'ip6' | 'inet' | 'arp' | 'bridge'
  readonly name: string
}

/** A set and its members. Maps are not among what is listed. */
export interface NftSet {
  readonly name: string
  readonly elements: readonly NftElement[]
}

export interface NftElement {
  /** A plain value, such as an address; elements of other types are left out. */
  readonly value: string
  /** Undefined where it stays until it is deleted. */
  readonly timeoutSeconds: number | undefined
  readonly expiresSeconds: number | undefined
}

/**
 * nftables of a network namespace, through the program nft. Errors are LinuxErrors: CommandFailed
 * has nft's words about the first commands that were refused.
 */
export interface Nft {
  /** Commands of nft, one a line, as one transaction: all of them, or nothing at all. */
  apply(script: string): Promise<void>
  /** Whether `apply` would do it, as far as can be told; changes nothing. */
  check(script: string): Promise<void>
  /** The chain as nft prints it; undefined where the chain or the table is not there. */
  listChain(table: NftTable, chain: string): Promise<string | undefined>
  /** Empty where there is no such table. */
  listSets(table: NftTable): Promise<readonly NftSet[]>
}

/** Ten thousand Services take some seconds, on a busy machine more. */
const timeoutMs = 120_000
/** Sets of all clients of the last hours can be long. */
const outputBytesMax = 64 * 1024 * 1024

/** In the namespace at this path, or in the process' own. */
export function nftIn(exec: Exec, namespace?: string): Nft {
  const nft = async (args: readonly string[], input = '') => {
    const line = inNetworkNamespace(namespace, { command: 'nft', args })
    return (await exec.run(line.command, line.args, { input, timeoutMs, outputBytesMax })).stdout
  }
  const listed = async (...args: readonly string[]) => {
    try {
      return await nft(args)
    } catch (error) {
      if (isAbsent(error)) return undefined
      throw error
    }
  }
  return {
    async apply(script) {
      await nft(['-f', '-'], script)
    },
    async check(script) {
      await nft(['-c', '-f', '-'], script)
    },
    listChain: ({ family, name }, chain) => listed('list', 'chain', family, name, chain),
    async listSets({ family, name }) {
      const text = await listed('-j', 'list', 'sets', 'table', family, name)
      return text === undefined ? [] : parseSets(text, { family, name })
    },
  }
}

function isAbsent(error: unknown): boolean {
  if (!(error instanceof LinuxError)) return false
  return error.reason === 'CommandFailed' && error.message.includes('No such file or directory')
}

/** Nothing is taken for granted about what nft printed: what does not look as expected is left out. */
export function parseSets(text: string, { family, name }: NftTable): NftSet[] {
  const found: NftSet[] = []
  for (const object of asList(asRecord(JSON.parse(text))['nftables'])) {
    const set = asRecord(asRecord(object)['set'])
    if (set['family'] !== family || set['table'] !== name) continue
    if (typeof set['name'] !== 'string') continue
    const elements = asList(set['elem']).map(elementOf)
    found.push({ name: set['name'], elements: elements.filter((each) => each !== undefined) })
  }
  return found
}

/** A bare value, or a value with what is said about it. */
function elementOf(json: unknown): NftElement | undefined {
  if (typeof json === 'string') {
    return { value: json, timeoutSeconds: undefined, expiresSeconds: undefined }
  }
  const { val, timeout, expires } = asRecord(asRecord(json)['elem'])
  if (typeof val !== 'string') return undefined
  return { value: val, timeoutSeconds: asNumber(timeout), expiresSeconds: asNumber(expires) }
}

function asRecord(json: unknown): Record<string, unknown> {
  return typeof json === 'object' && json !== null ? { ...json } : {}
}

function asList(json: unknown): readonly unknown[] {
  return Array.isArray(json) ? json : []
}

function asNumber(json: unknown): number | undefined {
  return typeof json === 'number' ? json : undefined
}
