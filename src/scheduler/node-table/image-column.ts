import type { Node } from '#api'
import type { Column } from './column.ts'

/** An image and the nodes that have it. */
export interface ImageState {
  readonly sizeBytes: number
  /** Rows of the nodes that have it. */
  readonly rows: ReadonlySet<number>
}

/** Images on nodes, by name as the node reports it. */
export class ImageColumn implements Column {
  readonly #images = new Map<string, { sizeBytes: number; readonly rows: Set<number> }>()
  readonly #namesOf = new Map<number, readonly string[]>()

  image(name: string): ImageState | undefined {
    return this.#images.get(name)
  }

  grow(): void {}

  setNode(row: number, node: Node | undefined): void {
    for (const name of this.#namesOf.get(row) ?? []) {
      const image = this.#images.get(name)
      image?.rows.delete(row)
      if (image?.rows.size === 0) this.#images.delete(name)
    }
    this.#namesOf.delete(row)
    const names: string[] = []
    for (const image of node?.status.images ?? []) {
      const sizeBytes = image.sizeBytes ?? 0
      for (const name of image.names ?? []) {
        const known = this.#images.get(name)
        if (known === undefined) this.#images.set(name, { sizeBytes, rows: new Set([row]) })
        else {
          known.sizeBytes = sizeBytes
          known.rows.add(row)
        }
        names.push(name)
      }
    }
    if (names.length > 0) this.#namesOf.set(row, names)
  }

  addPod(): void {}

  removePod(): void {}
}
