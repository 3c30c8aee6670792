import { assert } from '#base'

/** What is in a heap knows where, so that it can be taken out of the middle. */
export interface HeapItem {
  /** Of the heap; -1 where it is in none. */
  heapIndex: number
}

/** A binary heap: the first by `less` is found at once. An item is in at most one heap. */
export class Heap<T extends HeapItem> {
  readonly #items: T[] = []
  readonly #less: (a: T, b: T) => boolean

  constructor(less: (a: T, b: T) => boolean) {
    this.#less = less
  }

  get size(): number {
    return this.#items.length
  }

  get first(): T | undefined {
    return this.#items[0]
  }

  /** In no order. */
  items(): Iterable<T> {
    return this.#items
  }

  push(item: T): void {
    assert(item.heapIndex === -1, 'an item that joins a heap is in none')
    item.heapIndex = this.#items.length
    this.#items.push(item)
    this.#up(item)
  }

  pop(): T | undefined {
    const first = this.#items[0]
    if (first !== undefined) this.remove(first)
    return first
  }

  remove(item: T): void {
    const index = item.heapIndex
    assert(this.#items[index] === item, 'an item that leaves a heap is in it')
    const last = this.#items.pop()
    item.heapIndex = -1
    if (last === undefined || last === item) return
    this.#place(last, index)
    this.#up(last)
    this.#down(last)
  }

  #up(item: T): void {
    while (item.heapIndex > 0) {
      const parent = this.#items[(item.heapIndex - 1) >> 1]
      if (parent === undefined || !this.#less(item, parent)) return
      this.#swap(item, parent)
    }
  }

  #down(item: T): void {
    for (;;) {
      const left = this.#items[2 * item.heapIndex + 1]
      const right = this.#items[2 * item.heapIndex + 2]
      if (left === undefined) return
      const child = right !== undefined && this.#less(right, left) ? right : left
      if (!this.#less(child, item)) return
      this.#swap(item, child)
    }
  }

  #swap(a: T, b: T): void {
    const at = a.heapIndex
    this.#place(a, b.heapIndex)
    this.#place(b, at)
  }

  #place(item: T, index: number): void {
    this.#items[index] = item
    item.heapIndex = index
  }
}
