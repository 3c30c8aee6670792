import { assert, must } from './assert.ts'

/**
 * A persistent map from string to `V`, ordered by the bytes of the keys' UTF-8. It never changes:
 * `set` and `delete` return a map that shares all but O(log n) nodes with this one, so keeping an
 * old version is keeping a pointer. Counts of ranges are exact and take O(log n).
 *
 * A B+tree with subtree sizes. Many changes in a row go through `edit()`, which copies each node
 * at most once between two snapshots.
 *
 * Wherever a range is asked for, it is [start, end); an undefined end means no upper bound.
 */
export class OrderedMap<V> {
  readonly #root: Node<V>
  readonly #order: Order

  private constructor(root: Node<V>, order: Order) {
    this.#root = root
    this.#order = order
  }

  static empty<V>(): OrderedMap<V> {
    return new OrderedMap<V>({ owner: undefined, keys: [], values: [], size: 0 }, narrowOrder)
  }

  get size(): number {
    return this.#root.size
  }

  get(key: string): V | undefined {
    return find(this.#root, key, this.#order)
  }

  has(key: string): boolean {
    const leaf = leafFor(this.#root, key, this.#order)
    return leaf.keys[lowerBound(leaf.keys, key, this.#order)] === key
  }

  set(key: string, value: V): OrderedMap<V> {
    const editor = this.edit()
    editor.set(key, value)
    return editor.snapshot()
  }

  /** The same map when the key is not there. */
  delete(key: string): OrderedMap<V> {
    if (!this.has(key)) return this
    const editor = this.edit()
    editor.delete(key)
    return editor.snapshot()
  }

  /** How many keys are smaller than `key`. */
  rank(key: string): number {
    let node = this.#root
    let rank = 0
    while ('children' in node) {
      const at = childIndex(node, key, this.#order)
      for (let i = 0; i < at; i++) rank += childAt(node, i).size
      node = childAt(node, at)
    }
    return rank + lowerBound(node.keys, key, this.#order)
  }

  /** How many keys the range holds. */
  count(start: string, end?: string): number {
    const upper = end === undefined ? this.size : this.rank(end)
    return Math.max(0, upper - this.rank(start))
  }

  /** The entry with `index` smaller keys, or undefined past the end. */
  at(index: number): [key: string, value: V] | undefined {
    if (index < 0 || index >= this.size) return undefined
    let node = this.#root
    let rest = index
    while ('children' in node) {
      let i = 0
      while (rest >= childAt(node, i).size) rest -= childAt(node, i++).size
      node = childAt(node, i)
    }
    return entryAt(node, rest)
  }

  /** Entries of the range in order, made while they are asked for. */
  *entries(start = '', end?: string): Generator<[key: string, value: V], undefined> {
    for (const run of runs(this.#root, start, end, this.#order)) {
      for (let i = run.from; i < run.to; i++) yield entryAt(run.leaf, i)
    }
  }

  *values(start = '', end?: string): Generator<V, undefined> {
    for (const run of runs(this.#root, start, end, this.#order)) {
      for (let i = run.from; i < run.to; i++) yield valueAt(run.leaf, i)
    }
  }

  /** The first `limit` values of the range, as fast as they can be had. */
  slice(start: string, end?: string, limit = Infinity): V[] {
    const out: V[] = []
    for (const run of runs(this.#root, start, end, this.#order)) {
      for (let i = run.from; i < run.to; i++) {
        if (out.length >= limit) return out
        out.push(valueAt(run.leaf, i))
      }
    }
    return out
  }

  /** A mutable map that starts as this one, which stays as it is. */
  edit(): OrderedMapEditor<V> {
    return new OrderedMapEditor(this.#root, this.#order, (root, order) => {
      return root === this.#root ? this : new OrderedMap(root, order)
    })
  }

  /** For tests: throws when the tree's invariants do not hold. */
  checkInvariants(): void {
    checkNode(this.#root, this.#order, undefined, undefined, true)
  }
}

/** A map under change. `snapshot()` is O(1); later changes do not show in it. */
export class OrderedMapEditor<V> {
  #root: Node<V>
  #order: Order
  #owner: Owner = {}
  readonly #wrap: (root: Node<V>, order: Order) => OrderedMap<V>

  /** Not for callers: editors come from `OrderedMap.edit`. */
  constructor(root: Node<V>, order: Order, wrap: (root: Node<V>, order: Order) => OrderedMap<V>) {
    this.#root = root
    this.#order = order
    this.#wrap = wrap
  }

  get size(): number {
    return this.#root.size
  }

  get(key: string): V | undefined {
    return find(this.#root, key, this.#order)
  }

  set(key: string, value: V): void {
    if (this.#order === narrowOrder && hasWide(key)) this.#order = wideOrder
    const root = own(this.#root, this.#owner)
    const split = insert(root, key, value, this.#order, this.#owner)
    this.#root =
      split === undefined
        ? root
        : {
            owner: this.#owner,
            keys: [lowestKey(root), lowestKey(split)],
            children: [root, split],
            size: root.size + split.size,
          }
  }

  /** True when the key was there. */
  delete(key: string): boolean {
    const root = own(this.#root, this.#owner)
    const removed = remove(root, key, this.#order, this.#owner)
    this.#root = 'children' in root && root.children.length === 1 ? childAt(root, 0) : root
    return removed
  }

  snapshot(): OrderedMap<V> {
    this.#owner = {}
    return this.#wrap(this.#root, this.#order)
  }
}

/**
 * Compares by the bytes of UTF-8. JavaScript compares UTF-16 units, which differs only where a
 * surrogate (0xd800-0xdfff) meets a unit above the surrogates.
 */
export function compareUtf8(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length)
  for (let i = 0; i < shorter; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return surrogatesLast(x) - surrogatesLast(y)
  }
  return a.length - b.length
}

function surrogatesLast(unit: number): number {
  if (unit < 0xd800) return unit
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800
}

/** Children and entries of a node; a full leaf of pointers is half a kilobyte. */
const widthMax = 32
const widthMin = widthMax / 2

/** Whoever holds it may change the nodes that carry it: nobody else has seen them. */
type Owner = object

type Node<V> = Leaf<V> | Branch<V>

interface Leaf<V> {
  owner: Owner | undefined
  keys: string[]
  values: V[]
  size: number
}

interface Branch<V> {
  owner: Owner | undefined
  /** A lower bound of each child's keys, greater than every key of the child before. */
  keys: string[]
  children: Node<V>[]
  size: number
}

/**
 * The native comparison of UTF-16 units is right as long as one of the two keys has no unit from
 * the surrogates upwards, so a tree uses it until the first such key comes in.
 */
type Order = (a: string, b: string) => boolean
const narrowOrder: Order = (a, b) => a < b
const wideOrder: Order = (a, b) => compareUtf8(a, b) < 0
const wideUnits = /[\ud800-\uffff]/
const hasWide = (key: string): boolean => wideUnits.test(key)

/** The first index whose key is not smaller. */
function lowerBound(keys: readonly string[], key: string, less: Order): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (less(keys[middle] ?? '', key)) low = middle + 1
    else high = middle
  }
  return low
}

function childIndex<V>(branch: Branch<V>, key: string, less: Order): number {
  let low = 1
  let high = branch.keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (less(key, branch.keys[middle] ?? '')) high = middle
    else low = middle + 1
  }
  return low - 1
}

function childAt<V>(branch: Branch<V>, index: number): Node<V> {
  return must(branch.children[index], 'a branch has a child at each of its indexes')
}

function valueAt<V>(leaf: Leaf<V>, index: number): V {
  // A value may itself be undefined, so presence is the index's matter, not the value's.
  return leaf.values[index] as V
}

function entryAt<V>(leaf: Leaf<V>, index: number): [string, V] {
  return [leaf.keys[index] ?? '', valueAt(leaf, index)]
}

function lowestKey<V>(node: Node<V>): string {
  return node.keys[0] ?? ''
}

function leafFor<V>(root: Node<V>, key: string, less: Order): Leaf<V> {
  let node = root
  while ('children' in node) node = childAt(node, childIndex(node, key, less))
  return node
}

function find<V>(root: Node<V>, key: string, less: Order): V | undefined {
  const leaf = leafFor(root, key, less)
  const index = lowerBound(leaf.keys, key, less)
  return leaf.keys[index] === key ? leaf.values[index] : undefined
}

interface Run<V> {
  leaf: Leaf<V>
  from: number
  to: number
}

function* runs<V>(
  node: Node<V>,
  start: string,
  end: string | undefined,
  less: Order,
): Generator<Run<V>, undefined> {
  if (!('children' in node)) {
    const from = lowerBound(node.keys, start, less)
    const to = end === undefined ? node.keys.length : lowerBound(node.keys, end, less)
    if (from < to) yield { leaf: node, from, to }
    return
  }
  const first = childIndex(node, start, less)
  const last = end === undefined ? node.children.length - 1 : childIndex(node, end, less)
  for (let i = first; i <= last; i++) yield* runs(childAt(node, i), start, end, less)
}

function own<V>(node: Node<V>, owner: Owner): Node<V> {
  if (node.owner === owner) return node
  return 'children' in node
    ? { owner, keys: node.keys.slice(), children: node.children.slice(), size: node.size }
    : { owner, keys: node.keys.slice(), values: node.values.slice(), size: node.size }
}

function ownChild<V>(branch: Branch<V>, index: number, owner: Owner): Node<V> {
  const child = own(childAt(branch, index), owner)
  branch.children[index] = child
  return child
}

/** Inserts into an owned node; returns the right half when it had to split. */
function insert<V>(
  node: Node<V>,
  key: string,
  value: V,
  less: Order,
  owner: Owner,
): Node<V> | undefined {
  if (!('children' in node)) {
    const index = lowerBound(node.keys, key, less)
    if (node.keys[index] === key) {
      node.values[index] = value
      return undefined
    }
    node.keys.splice(index, 0, key)
    node.values.splice(index, 0, value)
    node.size++
    return node.keys.length > widthMax ? splitNode(node, owner, splitPoint(node, index)) : undefined
  }
  const index = childIndex(node, key, less)
  const child = ownChild(node, index, owner)
  const before = child.size
  const split = insert(child, key, value, less, owner)
  if (split === undefined) {
    node.size += child.size - before
    return undefined
  }
  node.size += child.size + split.size - before
  node.keys.splice(index + 1, 0, lowestKey(split))
  node.children.splice(index + 1, 0, split)
  if (node.keys.length <= widthMax) return undefined
  return splitNode(node, owner, splitPoint(node, index + 1))
}

/**
 * Keys that come in ascending order (a load) leave nearly full nodes behind instead of half-full
 * ones. Two stay for the right side, because no branch below the root may have a single child.
 */
function splitPoint<V>(node: Node<V>, inserted: number): number {
  return inserted === node.keys.length - 1 ? node.keys.length - 2 : widthMin
}

/** Cuts an owned node at `at`; it keeps the left part, the right one is returned. */
function splitNode<V>(node: Node<V>, owner: Owner, at: number): Node<V> {
  const keys = node.keys.splice(at)
  if ('children' in node) {
    const children = node.children.splice(at)
    const size = sizeOf(children)
    node.size -= size
    return { owner, keys, children, size }
  }
  node.size = at
  return { owner, keys, values: node.values.splice(at), size: keys.length }
}

function sizeOf<V>(children: readonly Node<V>[]): number {
  let size = 0
  for (const child of children) size += child.size
  return size
}

/** Removes from an owned node; may leave it thinner than `widthMin`, which the caller mends. */
function remove<V>(node: Node<V>, key: string, less: Order, owner: Owner): boolean {
  if (!('children' in node)) {
    const index = lowerBound(node.keys, key, less)
    if (node.keys[index] !== key) return false
    node.keys.splice(index, 1)
    node.values.splice(index, 1)
    node.size--
    return true
  }
  const index = childIndex(node, key, less)
  const child = ownChild(node, index, owner)
  if (!remove(child, key, less, owner)) return false
  node.size--
  if (child.keys.length < widthMin / 2) mend(node, index, owner)
  return true
}

/** Joins a thin child with a neighbour, and cuts the result in two where it is too wide. */
function mend<V>(branch: Branch<V>, thin: number, owner: Owner): void {
  const left = thin === 0 ? 0 : thin - 1
  assert(left + 1 < branch.children.length, 'a branch that is not the root has two children')
  const joined = ownChild(branch, left, owner)
  join(joined, childAt(branch, left + 1), branch.keys[left + 1] ?? '')
  branch.keys.splice(left + 1, 1)
  branch.children.splice(left + 1, 1)
  if (joined.keys.length <= widthMax) return
  const right = splitNode(joined, owner, joined.keys.length >>> 1)
  branch.keys.splice(left + 1, 0, lowestKey(right))
  branch.children.splice(left + 1, 0, right)
}

/** Appends what `right` holds to `left`; `separator` is the bound between the two. */
function join<V>(left: Node<V>, right: Node<V>, separator: string): void {
  if ('children' in left) {
    assert('children' in right, 'neighbours are equally deep')
    left.keys.push(separator, ...right.keys.slice(1))
    left.children.push(...right.children)
  } else {
    assert('values' in right, 'neighbours are equally deep')
    left.keys.push(...right.keys)
    left.values.push(...right.values)
  }
  left.size += right.size
}

function checkNode<V>(
  node: Node<V>,
  less: Order,
  low: string | undefined,
  high: string | undefined,
  isRoot: boolean,
): number {
  assert(node.keys.length <= widthMax, 'a node is not wider than allowed')
  assert(isRoot || node.keys.length > 0, 'only the root may be empty')
  for (const [i, key] of node.keys.entries()) {
    // The first separator of a branch is never compared, keys below it may be inserted.
    if ('children' in node && i === 0) continue
    assert(low === undefined || !less(key, low), 'no key is below its bound')
    assert(high === undefined || less(key, high), 'every key is below the next separator')
    if (i > ('children' in node ? 1 : 0)) {
      assert(less(node.keys[i - 1] ?? '', key), 'keys ascend')
    }
  }
  if (!('children' in node)) {
    assert(node.keys.length === node.values.length, 'a leaf has as many values as keys')
    assert(node.size === node.keys.length, 'a leaf counts its keys')
    return 1
  }
  assert(node.children.length === node.keys.length, 'a branch has as many children as separators')
  assert(node.size === sizeOf(node.children), 'a branch counts the keys below it')
  const depths = node.children.map((child, i) =>
    checkNode(child, less, i === 0 ? low : node.keys[i], node.keys[i + 1] ?? high, false),
  )
  assert(new Set(depths).size === 1, 'all leaves are equally deep')
  return (depths[0] ?? 0) + 1
}
