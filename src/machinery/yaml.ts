import { createRequire } from 'node:module'
import type { Document, Node, Pair, Scalar, Tags } from 'yaml'
import { jsonLimits, type JsonLimits, type JsonReading } from './json-reader.ts'
import { quote } from './quote.ts'
import * as errors from './status.ts'

/** The text is no YAML, or says what JSON cannot. */
export class YamlError extends Error {
  override readonly name = 'YamlError'
}

/**
 * Reads one document of YAML as the JSON value it stands for, as Kubernetes does: YAML 1.1, so that
 * `yes`, `on` and `0777` are a boolean, a boolean and a number, but without its dates, base-60
 * numbers, sets and binaries; keys are texts. An empty text is null. Throws a YamlError, or a
 * StatusError when it is too large.
 */
export function readYaml(text: string, limits: JsonLimits = jsonLimits): JsonReading {
  const documents = parseDocuments(text, limits)
  if (documents.length > 1) {
    throw new YamlError('error converting YAML to JSON: yaml: the text holds several documents')
  }
  return documents[0] ?? { value: null, duplicates: [] }
}

/** Reads every document of a stream; those that hold nothing are left out. */
export function readYamlDocuments(text: string, limits: JsonLimits = jsonLimits): JsonReading[] {
  return parseDocuments(text, limits).filter(({ value }) => value !== null)
}

/** As `kubectl -o yaml` prints: keys in order of the alphabet, lists not indented. */
export function stringifyYaml(value: unknown): string {
  return library().stringify(value, {
    version: '1.1',
    schema: 'yaml-1.1',
    aliasDuplicateObjects: false,
    sortMapEntries: true,
    indentSeq: false,
    lineWidth: 0,
  })
}

type Library = typeof import('yaml')

let loaded: Library | undefined

/** Loaded by the first use: a server that only ever sees JSON and protobuf never needs it. */
function library(): Library {
  loaded ??= createRequire(import.meta.url)('yaml') as Library
  return loaded
}

const int64Max = 0x7fff_ffff_ffff_ffffn
const int64Min = -0x8000_0000_0000_0000n

function parseDocuments(text: string, limits: JsonLimits): JsonReading[] {
  if (Buffer.byteLength(text) > limits.maxBytes) {
    throw errors.requestEntityTooLarge(`limit is ${limits.maxBytes}`)
  }
  const lines = new (library().LineCounter)()
  const documents = parse(text, lines)
  return documents.map((document) => {
    const [error] = document.errors
    if (error !== undefined) {
      const line = error.linePos?.[0].line ?? 1
      const [what = ''] = error.message.split(/ at line |\n/)
      // The library descends recursively; what nests too deep for it is too deep for everybody.
      if (what.startsWith('Maximum call stack')) throw failure('exceeded max depth')
      throw failure(`line ${line}: ${what.charAt(0).toLowerCase()}${what.slice(1)}`)
    }
    const value = toJson(toValue(document), limits.maxDepth)
    return { value, duplicates: duplicateKeys(document, (offset) => lines.linePos(offset).line) }
  })
}

type Lines = InstanceType<Library['LineCounter']>

function parse(text: string, lines: Lines): readonly Document.Parsed[] {
  try {
    const documents = library().parseAllDocuments(text, {
      version: '1.1',
      schema: 'yaml-1.1',
      merge: true,
      uniqueKeys: false,
      intAsBigInt: true,
      logLevel: 'silent',
      lineCounter: lines,
      customTags: withoutForeignTags,
    })
    return Array.isArray(documents) ? documents : []
  } catch (cause) {
    if (cause instanceof RangeError) throw failure('exceeded max depth', cause)
    throw cause
  }
}

const foreignTags = new Set(['timestamp', 'binary', 'omap', 'pairs', 'set'])

function withoutForeignTags(tags: Tags): Tags {
  return tags.filter((tag) => {
    if (typeof tag === 'string') return true
    return !foreignTags.has(tag.tag.replace('tag:yaml.org,2002:', '')) && !isBase60(tag)
  })
}

function isBase60(tag: Exclude<Tags[number], string>): boolean {
  return 'format' in tag && tag.format === 'TIME'
}

function toValue(document: Document.Parsed): unknown {
  try {
    return document.toJS()
  } catch (cause) {
    // Too many or unresolved aliases.
    if (cause instanceof ReferenceError || cause instanceof RangeError) {
      throw failure(cause.message, cause)
    }
    throw cause
  }
}

/** Checks depth and numbers and gives integers the form `readJson` gives them; changes in place. */
function toJson(value: unknown, depthLeft: number): unknown {
  if (typeof value === 'bigint') return toNumber(value)
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw failure(`json: unsupported value: ${value}`)
  }
  if (typeof value !== 'object' || value === null) return value
  if (depthLeft === 0) throw failure('exceeded max depth')
  for (const [key, item] of Object.entries(value)) {
    const converted = toJson(item, depthLeft - 1)
    if (converted !== item) Object.defineProperty(value, key, { value: converted })
  }
  return value
}

function toNumber(value: bigint): number | bigint {
  const number = Number(value)
  const exact = Number.isSafeInteger(number) || value > int64Max || value < int64Min
  return exact ? number : value
}

/** One report for all, as upstream words it. */
function duplicateKeys(
  document: Document.Parsed,
  lineOf: (offset: number) => number,
): readonly string[] {
  const { visit, isScalar } = library()
  const found: string[] = []
  visit(document, {
    Map(_key, map) {
      const seen = new Set<unknown>()
      for (const { key } of map.items as readonly Pair<Node | undefined>[]) {
        if (!isScalar(key) || isMergeKey(key)) continue
        const name = String(key.value)
        if (seen.has(name)) {
          const line = lineOf(key.range?.[0] ?? 0)
          found.push(`  line ${line}: key ${quote(name)} already set in map`)
        }
        seen.add(name)
      }
    },
  })
  return found.length === 0 ? [] : [['yaml: unmarshal errors:', ...found].join('\n')]
}

function isMergeKey(key: Scalar): boolean {
  return typeof key.value === 'symbol' || key.source === '<<'
}

function failure(what: string, cause?: Error): YamlError {
  return new YamlError(`error converting YAML to JSON: yaml: ${what}`, { cause })
}
