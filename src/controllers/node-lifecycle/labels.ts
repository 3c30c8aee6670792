import type { Node } from '#api'

/** Labels of old that say what a label of today says, for whoever still selects by them. */
const secondaries: readonly (readonly [primary: string, secondary: string])[] = [
  ['kubernetes.io/os', 'beta.kubernetes.io/os'],
  ['kubernetes.io/arch', 'beta.kubernetes.io/arch'],
]

/** The labels to write, or undefined where nothing is missing. */
export function labelChange({ metadata }: Node): Readonly<Record<string, string>> | undefined {
  const { labels = {} } = metadata
  const change: Record<string, string> = {}
  for (const [primary, secondary] of secondaries) {
    const value = labels[primary]
    if (value !== undefined && labels[secondary] !== value) change[secondary] = value
  }
  return Object.keys(change).length === 0 ? undefined : change
}
