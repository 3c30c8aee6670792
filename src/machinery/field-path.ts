/**
 * Where in an object something is: `spec.containers[0].ports[http].name`. Immutable and linked to
 * its parent, so descending costs one small object and no text is built before it is asked for.
 */
export class FieldPath {
  /** The object itself. Its children print without a leading dot; it prints as upstream's nil path. */
  static readonly empty: FieldPath = new FieldPath(undefined, '', false)

  readonly #parent: FieldPath | undefined
  readonly #text: string
  readonly #subscript: boolean

  private constructor(parent: FieldPath | undefined, text: string, subscript: boolean) {
    this.#parent = parent
    this.#text = text
    this.#subscript = subscript
  }

  static root(...names: readonly string[]): FieldPath {
    return FieldPath.empty.child(...names)
  }

  child(...names: readonly string[]): FieldPath {
    // Nearly always it is one name, and this is called for every field that is validated.
    const [first] = names
    if (first !== undefined && names.length === 1) return new FieldPath(this, first, false)
    return names.reduce<FieldPath>((path, name) => new FieldPath(path, name, false), this)
  }

  /** An item of a list. */
  index(index: number): FieldPath {
    return new FieldPath(this, String(index), true)
  }

  /** An entry of a map, or an item of a list addressed by its key. */
  key(key: string): FieldPath {
    return new FieldPath(this, key, true)
  }

  toString(): string {
    return this.#parent === undefined ? '<nil>' : this.#print()
  }

  /** Recursion is bounded by the depth of the object, which decoding has checked. */
  #print(): string {
    const before = this.#parent === undefined ? '' : this.#parent.#print()
    if (this.#subscript) return `${before}[${this.#text}]`
    return before === '' ? this.#text : `${before}.${this.#text}`
  }
}
