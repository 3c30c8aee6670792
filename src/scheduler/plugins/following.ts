/**
 * What `make` makes, made again when `version` has changed. The version is read before, so that a
 * change that `make` itself brings about is followed the next time.
 */
export function following<T>(version: () => number, make: () => T): () => T {
  let made: { readonly at: number; readonly value: T } | undefined
  return () => {
    const at = version()
    if (made?.at !== at) made = { at, value: make() }
    return made.value
  }
}
