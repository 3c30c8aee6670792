import type { Random } from '#base'

/** JSON that may hold numbers and fields that no value of JavaScript can hold. */
export type Loose = null | boolean | number | string | Raw | readonly Loose[] | LooseObject
export interface LooseObject {
  readonly [field: string]: Loose
}

/** A piece of a document, written as it is. */
export class Raw {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export function pick<T>(random: Random, from: readonly T[]): T {
  const picked = from[random.integer(from.length)]
  if (picked === undefined) throw new Error('there is something to pick from')
  return picked
}

export function chance(random: Random, probability: number): boolean {
  return random.fraction() < probability
}

const deep = (open: string, close: string, depth: number) =>
  new Raw(open.repeat(depth) + '1' + close.repeat(depth))

/** What nobody means to send. */
export const nasty: readonly Loose[] = [
  null,
  true,
  false,
  0,
  -1,
  1,
  0.5,
  2_147_483_648,
  -2_147_483_649,
  new Raw('9007199254740993'),
  new Raw('9223372036854775807'),
  new Raw('9223372036854775808'),
  new Raw('-9223372036854775808'),
  new Raw('1e400'),
  new Raw('1e308'),
  new Raw('-0'),
  new Raw('1E2'),
  new Raw('123456789012345678901234567890'),
  new Raw('0123'),
  new Raw('NaN'),
  new Raw('"\\ud800"'),
  new Raw('"\\u0000"'),
  new Raw('"\\x"'),
  new Raw('{"__proto__":{"polluted":"yes"}}'),
  new Raw('{"constructor":{"prototype":{"polluted":"yes"}}}'),
  new Raw('{"a":1,"a":{"b":2,"b":3}}'),
  deep('[', ']', 900),
  deep('{"a":', '}', 900),
  deep('[', ']', 1_500),
  deep('{"x":[', ']}', 5_000),
  '',
  ' ',
  'a',
  'A_b',
  '-',
  '.',
  '..',
  '../..',
  'a/b',
  '%2e%2e',
  '$patch',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '1Ki',
  '-1',
  '9999999999999999999999999E99',
  '1e1000000',
  '50%',
  'http',
  '2026-99-99T99:99:99Z',
  '+292277026596-12-04T15:30:08Z',
  '0000-00-00T00:00:00Z',
  '10.43.0.999',
  '::1',
  'é',
  '\u202e',
  'x'.repeat(254),
  'x'.repeat(70_000),
  [],
  {},
  [[]],
  [{}],
  [null],
  ['a', 1, null, {}],
  { a: [] },
  { '': '' },
  { toString: 1, valueOf: null, length: -1 },
  { matchLabels: { a: 1 }, matchExpressions: [{ key: 'a', operator: 'Maybe' }] },
  { $patch: 'delete' },
  { $patch: 'replace', a: 1 },
  { $retainKeys: 'all' },
  [{ $patch: 'replace' }, { name: 'x' }],
  Array.from({ length: 2_000 }, () => 'x'),
]

const fieldNames = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  '10',
  '',
  'a.b',
  '$patch',
  '$retainKeys',
  '$setElementOrder/containers',
  '$deleteFromPrimitiveList/finalizers',
  'metadata',
  'spec',
  'status',
  'kind',
  'apiVersion',
  'managedFields',
  'ownerReferences',
  'finalizers',
  'labels',
  'deletionTimestamp',
]

/** The value with some of its parts replaced, added, taken away or moved. */
export function mutated(random: Random, value: Loose, changes = 1 + random.integer(3)): Loose {
  let result = value
  for (let at = 0; at < changes; at++) result = mutateOnce(random, result)
  return result
}

function mutateOnce(random: Random, value: Loose): Loose {
  // Going down three times out of four reaches every depth of an object.
  if (chance(random, 0.75)) {
    if (isList(value) && value.length > 0) {
      const at = random.integer(value.length)
      return value.map((item, index) => (index === at ? mutateOnce(random, item) : item))
    }
    if (isRecord(value) && Object.keys(value).length > 0) {
      const name = pick(random, Object.keys(value))
      return withField(value, name, mutateOnce(random, value[name] ?? null))
    }
  }
  switch (random.integer(5)) {
    case 0:
      return isRecord(value)
        ? withField(value, pick(random, fieldNames), pick(random, nasty))
        : pick(random, nasty)
    case 1:
      if (isRecord(value)) {
        const gone = Object.keys(value)[random.integer(Object.keys(value).length + 1)]
        return Object.fromEntries(Object.entries(value).filter(([name]) => name !== gone))
      }
      return isList(value) ? [...value, ...value] : [value]
    case 2:
      return isList(value) ? [...value, pick(random, nasty)] : { a: value }
    default:
      return pick(random, nasty)
  }
}

function isList(value: Loose): value is readonly Loose[] {
  return Array.isArray(value)
}

function isRecord(value: Loose): value is LooseObject {
  return typeof value === 'object' && value !== null && !isList(value) && !(value instanceof Raw)
}

/** Fields whatever their names. */
function withField(record: LooseObject, name: string, value: Loose): LooseObject {
  return Object.fromEntries([...Object.entries(record), [name, value]])
}

/** As JSON; a field is written twice now and then. */
export function render(random: Random, value: Loose): string {
  if (value instanceof Raw) return value.text
  if (isList(value)) return `[${value.map((item) => render(random, item)).join(',')}]`
  if (!isRecord(value)) return JSON.stringify(value)
  const members = Object.entries(value).map(
    ([name, item]) => `${JSON.stringify(name)}:${render(random, item)}`,
  )
  const [first] = members
  if (first !== undefined && chance(random, 0.02)) members.push(first)
  return `{${members.join(',')}}`
}

/** A patch of JSON patch operations on an object, which seldom make sense. */
export function operations(random: Random, object: Loose): Loose {
  const paths = [...pathsOf(object, '')]
  const path = () =>
    chance(random, 0.8)
      ? pick(random, paths) + pick(random, ['', '', '', '/-', '/0', '/x', '/~2', '/__proto__'])
      : pick(random, ['', '/', 'a', '/__proto__/polluted', '/constructor/prototype/x', '/-1', '//'])
  const operation = (): Loose => ({
    op: pick(random, ['add', 'remove', 'replace', 'move', 'copy', 'test', 'ADD', '']),
    path: chance(random, 0.95) ? path() : pick(random, nasty),
    ...(chance(random, 0.5) ? { from: path() } : {}),
    ...(chance(random, 0.8) ? { value: pick(random, nasty) } : {}),
  })
  const list = Array.from({ length: 1 + random.integer(4) }, operation)
  return chance(random, 0.1) ? mutated(random, list) : list
}

function* pathsOf(value: Loose, path: string): Generator<string, undefined> {
  yield path
  if (isList(value)) {
    for (const [at, item] of value.entries()) yield* pathsOf(item, `${path}/${at}`)
  } else if (isRecord(value)) {
    for (const [name, item] of Object.entries(value)) {
      yield* pathsOf(item, `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`)
    }
  }
}

/** The bytes as they might arrive: cut off, with bits turned, or with what is no UTF-8. */
export function damaged(random: Random, text: string): Uint8Array {
  const bytes = Buffer.from(text)
  switch (random.integer(10)) {
    case 0:
      return bytes.subarray(0, random.integer(bytes.length + 1))
    case 1: {
      const copy = Buffer.from(bytes)
      for (let left = 1 + random.integer(4); left > 0 && copy.length > 0; left--) {
        copy[random.integer(copy.length)] = random.integer(256)
      }
      return copy
    }
    case 2: {
      const at = random.integer(bytes.length + 1)
      const wrong = pick(random, [
        [0xff, 0xfe],
        [0xc3],
        [0xed, 0xa0, 0x80],
        [0xef, 0xbb, 0xbf],
        [0],
      ])
      return Buffer.concat([bytes.subarray(0, at), Buffer.from(wrong), bytes.subarray(at)])
    }
    default:
      return bytes
  }
}
