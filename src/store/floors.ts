import { compareUtf8 } from '#base'
import type { Floor } from './journal.ts'
import { unbounded, type KeyRange } from './key-range.ts'
import type { Revision } from './store.ts'

/** Up to which revision the history of which key ranges may be gone. */
export class Floors {
  #floors: readonly Floor[]

  constructor(floors: readonly Floor[] = []) {
    this.#floors = floors
  }

  get all(): readonly Floor[] {
    return this.#floors
  }

  /** The smallest revision at which the whole range can be read. */
  over(range: KeyRange): Revision {
    let highest = 0
    for (const floor of this.#floors) {
      if (floor.revision > highest && intersects(floor, range)) highest = floor.revision
    }
    return highest
  }

  /** How far exactly this range, or one around it, was compacted already. */
  of(range: KeyRange): Revision {
    let highest = 0
    for (const floor of this.#floors) {
      if (floor.revision > highest && contains(floor, range)) highest = floor.revision
    }
    return highest
  }

  raise(range: KeyRange, revision: Revision): void {
    if (revision <= this.of(range)) return
    const kept = this.#floors.filter(
      (floor) => floor.revision > revision || !contains(range, floor),
    )
    this.#floors = [...kept, { start: range.start, end: range.end, revision }]
  }
}

export function inRange(range: KeyRange, key: string): boolean {
  return compareUtf8(range.start, key) <= 0 && isBelow(key, range.end)
}

export function contains(outer: KeyRange, inner: KeyRange): boolean {
  if (compareUtf8(outer.start, inner.start) > 0) return false
  if (outer.end === unbounded) return true
  return inner.end !== unbounded && compareUtf8(inner.end, outer.end) <= 0
}

function intersects(a: KeyRange, b: KeyRange): boolean {
  return isBelow(a.start, b.end) && isBelow(b.start, a.end)
}

function isBelow(key: string, end: string): boolean {
  return end === unbounded || compareUtf8(key, end) < 0
}
