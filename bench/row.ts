/** One line of the table that the benchmarks print. */
export interface BenchRow {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** The same measured on the peer, in the same run. */
  readonly peer?: number
  /** Of this implementation to the peer. */
  readonly ratio?: number
  /** What it should be, in words; absent for a figure that is printed beside another. */
  readonly budget?: string
  readonly met?: boolean
}

export function printRows(rows: readonly BenchRow[]): void {
  const cells = rows.map((row) => [
    row.name,
    `${figure(row.value)} ${row.unit}`,
    row.peer === undefined ? '' : `${figure(row.peer)} ${row.unit}`,
    row.ratio === undefined ? '' : `${row.ratio.toFixed(2)} x`,
    row.budget ?? '',
    row.met === undefined ? '' : row.met ? 'met' : 'NOT MET',
  ])
  const head = ['what', 'figure', 'peer', 'ratio', 'budget', '']
  const widths = head.map((title, at) =>
    Math.max(title.length, ...cells.map((row) => row[at]?.length ?? 0)),
  )
  for (const row of [head, ...cells]) {
    console.log(
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
  }
}

function figure(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en-US')
  return value.toPrecision(3)
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5)
}

/** The value that `share` (0 to 1) of all values do not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
