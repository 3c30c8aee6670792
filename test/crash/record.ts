/**
 * What the process under test says over its pipe, one line each: first that it is ready, then each
 * write when it was acknowledged and each change when its watch delivered it.
 */
export type Line =
  | { readonly type: 'ready'; readonly revision: number }
  | {
      readonly type: 'acknowledged'
      readonly revision: number
      readonly changes: readonly Change[]
    }
  | { readonly type: 'delivered'; readonly revision: number; readonly changes: readonly Change[] }

/** A key and what was put there (a unique id), or that it was deleted. */
export type Change = readonly [type: 'put', key: string, uid: string] | readonly ['delete', string]

export function describeChange(change: Change): string {
  return change.join(' ')
}

/** Takes lines out of a stream of text; the last one is lost when the process died in its middle. */
export class LineReader {
  readonly lines: Line[] = []
  #rest = ''

  add(text: string): void {
    const parts = (this.#rest + text).split('\n')
    this.#rest = parts.pop() ?? ''
    for (const part of parts) this.lines.push(JSON.parse(part) as Line)
  }
}
