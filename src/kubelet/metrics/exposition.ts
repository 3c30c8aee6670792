export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
  /** When it was measured; now where it is left out. */
  readonly atMs?: number
}

/** A metric in the exposition format of Prometheus; nothing where there are no samples. */
export function exposition(
  name: string,
  type: 'counter' | 'gauge' | 'histogram',
  help: string,
  samples: readonly Sample[],
): string {
  if (samples.length === 0) return ''
  const lines = samples.map((sample) => sampleLine(name, sample))
  return `${heading(name, type, help)}${lines.join('')}`
}

export function heading(name: string, type: string, help: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`
}

export function sampleLine(name: string, { labels, value, atMs }: Sample): string {
  const time = atMs === undefined ? '' : ` ${Math.trunc(atMs)}`
  return `${name}${labelText(labels)} ${value}${time}\n`
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`)
  return parts.length === 0 ? '' : `{${parts.join(',')}}`
}

function escaped(value: string): string {
  return value.replace(/[\\"\n]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`))
}
