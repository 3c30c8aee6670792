import { stringifyJson } from './json-text.ts'
import { equalJson, mutable, setOwn } from './mutable.ts'
import { quote } from './quote.ts'
import * as errors from './status.ts'

/** A patch of RFC 6902, as `parseJsonPatch` checked it. */
export type JsonPatch = readonly JsonPatchOperation[]

/** Fields are checked when the operation is applied, as upstream does. */
export type JsonPatchOperation = Readonly<Record<string, unknown>>

export const jsonPatchLimits = {
  /** Operations of one patch. */
  maxOperations: 10_000,
  /** By how many bytes of JSON the `copy` operations of one patch may let an object grow. */
  maxCopyBytes: 3 * 1024 * 1024,
} as const

/** The patch is malformed or does not apply. Messages are those of the library upstream uses. */
export class JsonPatchError extends Error {
  override readonly name = 'JsonPatchError'
}

/**
 * A value that was read from JSON, as a patch. Throws a JsonPatchError when it is no list of
 * objects, and a 413 Status when it has too many operations.
 */
export function parseJsonPatch(value: unknown): JsonPatch {
  if (!Array.isArray(value)) throw wrongType(value, 'jsonpatch.Patch')
  const { maxOperations } = jsonPatchLimits
  if (value.length > maxOperations) {
    throw errors.requestEntityTooLarge(
      `The allowed maximum operations in a JSON patch is ${maxOperations}, got ${value.length}`,
    )
  }
  return value.map((item: unknown) => {
    if (isRecord(item)) return item
    throw wrongType(item, 'jsonpatch.Operation')
  })
}

/** The patched document; neither the document nor the patch changes. Throws a JsonPatchError. */
export function applyJsonPatch(document: unknown, patch: JsonPatch): unknown {
  const applier = new Applier(mutable(document))
  for (const operation of patch) applier.apply(operation)
  return applier.root
}

type Container = unknown[] | Record<string, unknown>

const missing = 'missing value'

class Applier {
  root: unknown
  #copiedBytes = 0

  /** Takes over the document: it is changed in place. */
  constructor(document: unknown) {
    this.root = document
  }

  apply(operation: JsonPatchOperation): void {
    switch (operation['op']) {
      case 'add':
        this.#add(operation)
        break
      case 'remove':
        this.#remove(operation)
        break
      case 'replace':
        this.#replace(operation)
        break
      case 'move':
        this.#move(operation)
        break
      case 'test':
        this.#test(operation)
        break
      case 'copy':
        this.#copy(operation)
        break
      default: {
        const kind = operation['op']
        const shown = typeof kind === 'string' ? kind : 'unknown'
        throw new JsonPatchError(`Unexpected kind: ${shown}`)
      }
    }
  }

  #add(operation: JsonPatchOperation): void {
    const path = pathOf(operation, 'path', `add operation failed to decode path: ${missing}`)
    const { container, key } = this.#find(path, () =>
      wrap(`add operation does not apply: doc is missing path: ${quote(path)}`, missing),
    )
    add(container, key, valueOf(operation), `error in add for path: '${path}'`)
  }

  #remove(operation: JsonPatchOperation): void {
    const path = pathOf(operation, 'path', `remove operation failed to decode path: ${missing}`)
    const { container, key } = this.#find(path, () =>
      wrap(`remove operation does not apply: doc is missing path: ${quote(path)}`, missing),
    )
    remove(container, key, `error in remove for path: '${path}'`)
  }

  #replace(operation: JsonPatchOperation): void {
    const path = pathOf(
      operation,
      'path',
      `replace operation failed to decode path: operation missing path field: ${missing}`,
    )
    if (path === '') {
      this.root = valueOf(operation)
      return
    }
    const { container, key } = this.#find(path, () =>
      wrap(`replace operation does not apply: doc is missing path: ${path}`, missing),
    )
    const found = get(container, key)
    if (found === undefined) {
      throw wrap(`replace operation does not apply: doc is missing key: ${path}`, missing)
    }
    if (Array.isArray(container)) container[found.index] = valueOf(operation)
    else setOwn(container, key, valueOf(operation))
  }

  #move(operation: JsonPatchOperation): void {
    const from = pathOf(
      operation,
      'from',
      `move operation failed to decode from: operation, missing from field: ${missing}`,
    )
    const source = this.#find(from, () =>
      wrap(`move operation does not apply: doc is missing from path: ${from}`, missing),
    )
    const found = mustGet(source, `error in move for path: '${source.key}'`)
    remove(source.container, source.key, `error in move for path: '${source.key}'`)
    const path = pathOf(
      operation,
      'path',
      `move operation failed to decode path: operation missing path field: ${missing}`,
    )
    const { container, key } = this.#find(path, () =>
      wrap(`move operation does not apply: doc is missing destination path: ${path}`, missing),
    )
    add(container, key, found, `error in move for path: '${path}'`)
  }

  #test(operation: JsonPatchOperation): void {
    const path = pathOf(
      operation,
      'path',
      `test operation failed to decode path: operation missing path field: ${missing}`,
    )
    const expected = valueOf(operation)
    // What is not there tests equal to null.
    if (!equalJson(this.#valueAt(path), expected)) {
      throw wrap(`testing value ${path} failed`, 'test failed')
    }
  }

  #valueAt(path: string): unknown {
    if (path === '') return this.root
    const { container, key } = this.#find(path, () =>
      wrap(`test operation does not apply: is missing path: ${path}`, missing),
    )
    const found = get(container, key)
    if (found !== undefined) return found.value
    if (Array.isArray(container)) {
      throw indexError(key, `error in test for path: '${path}'`)
    }
    return null
  }

  #copy(operation: JsonPatchOperation): void {
    const from = pathOf(
      operation,
      'from',
      `copy operation failed to decode from: operation, missing from field: ${missing}`,
    )
    const source = this.#find(from, () =>
      wrap(`copy operation does not apply: doc is missing from path: ${from}`, missing),
    )
    const found = mustGet(source, `error in copy for from: '${from}'`)
    const path = pathOf(operation, 'path', `copy operation failed to decode path: ${missing}`)
    const { container, key } = this.#find(path, () =>
      wrap(`copy operation does not apply: doc is missing destination path: ${path}`, missing),
    )
    this.#copiedBytes += Buffer.byteLength(stringifyJson(found))
    const { maxCopyBytes } = jsonPatchLimits
    if (this.#copiedBytes > maxCopyBytes) {
      throw new JsonPatchError(
        `Unable to complete the copy, the accumulated size increase of copy is ${this.#copiedBytes}, exceeding the limit ${maxCopyBytes}`,
      )
    }
    add(container, key, mutable(found), 'error while adding value during copy')
  }

  /** The container a JSON pointer (RFC 6901) leads into, and the last key. */
  #find(path: string, notThere: () => JsonPatchError): { container: Container; key: string } {
    const [, ...keys] = path.split('/').map(unescapeKey)
    const last = keys.pop()
    if (last === undefined) throw notThere()
    let container = asContainer(this.root)
    for (const key of keys) {
      container = container === undefined ? undefined : asContainer(get(container, key)?.value)
    }
    if (container === undefined) throw notThere()
    return { container, key: last }
  }
}

function get(
  container: Container,
  key: string,
): { readonly value: unknown; readonly index: number } | undefined {
  if (!Array.isArray(container)) {
    return Object.hasOwn(container, key) ? { value: container[key], index: -1 } : undefined
  }
  const index = indexIn(key, container.length)
  if (index === undefined || index >= container.length) return undefined
  return { value: container[index], index }
}

function mustGet(place: { container: Container; key: string }, where: string): unknown {
  const { container, key } = place
  const found = get(container, key)
  if (found !== undefined) return found.value
  if (Array.isArray(container)) throw indexError(key, where)
  throw wrap(where, `unable to get nonexistent key: ${key}: ${missing}`)
}

function add(container: Container, key: string, value: unknown, where: string): void {
  if (!Array.isArray(container)) {
    setOwn(container, key, value)
    return
  }
  if (key === '-') {
    container.push(value)
    return
  }
  if (!isInteger(key)) {
    throw wrap(where, `value was not a proper array index: '${key}': ${notInteger(key)}`)
  }
  const index = indexIn(key, container.length + 1)
  if (index === undefined || index > container.length) throw badIndex(key, where)
  container.splice(index, 0, value)
}

function remove(container: Container, key: string, where: string): void {
  if (!Array.isArray(container)) {
    if (!Object.hasOwn(container, key)) {
      throw wrap(where, `Unable to remove nonexistent key: ${key}: ${missing}`)
    }
    delete container[key]
    return
  }
  const index = indexIn(key, container.length)
  if (index === undefined || index >= container.length) throw indexError(key, where)
  container.splice(index, 1)
}

/** Negative indices count from the end, as upstream allows; undefined when there is none such. */
function indexIn(key: string, length: number): number | undefined {
  if (!isInteger(key)) return undefined
  const index = Number(key)
  if (index >= 0) return index
  return index >= -length ? index + length : undefined
}

function isInteger(key: string): boolean {
  return /^[+-]?[0-9]+$/.test(key)
}

function indexError(key: string, where: string): JsonPatchError {
  return isInteger(key) ? badIndex(key, where) : wrap(where, notInteger(key))
}

function badIndex(key: string, where: string): JsonPatchError {
  return wrap(where, `Unable to access invalid index: ${Number(key)}: invalid index referenced`)
}

function notInteger(key: string): string {
  return `strconv.Atoi: parsing ${quote(key)}: invalid syntax`
}

function pathOf(operation: JsonPatchOperation, field: 'path' | 'from', orElse: string): string {
  const path = operation[field]
  if (typeof path !== 'string') throw new JsonPatchError(orElse)
  return path
}

/** An operation without a value means null. A copy, because later operations may change it. */
function valueOf(operation: JsonPatchOperation): unknown {
  const value = Object.hasOwn(operation, 'value') ? operation['value'] : null
  return mutable(value)
}

function asContainer(value: unknown): Container | undefined {
  if (Array.isArray(value)) return value
  return isRecord(value) ? value : undefined
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function unescapeKey(key: string): string {
  return key.replace(/~[01]/g, (escape) => (escape === '~1' ? '/' : '~'))
}

function wrap(what: string, cause: string): JsonPatchError {
  return new JsonPatchError(`${what}: ${cause}`)
}

function wrongType(value: unknown, target: string): JsonPatchError {
  let name: string = typeof value
  if (Array.isArray(value)) name = 'array'
  else if (value === null) name = 'null'
  else if (name === 'boolean') name = 'bool'
  else if (name === 'bigint') name = 'number'
  return new JsonPatchError(`json: cannot unmarshal ${name} into Go value of type ${target}`)
}
