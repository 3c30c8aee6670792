/** Keys in [start, end); an end of `'\0'` means no upper bound, as in etcd. */
export interface KeyRange {
  readonly start: string
  readonly end: string
}

export const unbounded = '\0'
export const everything: KeyRange = { start: '', end: unbounded }

/** The end as ordered maps want it. */
export function upperBound(range: KeyRange): string | undefined {
  return range.end === unbounded ? undefined : range.end
}
