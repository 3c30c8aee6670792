/**
 * A domain name: its labels from the left, without the root's. A character of a label is a byte of
 * it, whatever it is; case is as it came.
 */
export type Name = readonly string[]

/** The name in text without escapes; a dot at the end changes nothing. */
export function nameOf(text: string): Name {
  const trimmed = text.endsWith('.') ? text.slice(0, -1) : text
  return trimmed === '' ? [] : trimmed.split('.')
}

/** As text that is the same for names that are equal, which case makes no difference to. */
export function nameKey(name: Name): string {
  return name.map(labelKey).join('.')
}

/** A label in lower case; bytes that are not of hostnames are written as numbers. */
export function labelKey(label: string): string {
  return plain.test(label)
    ? label.toLowerCase()
    : label.replace(/[^A-Za-z0-9_-]/g, escaped).toLowerCase()
}

const plain = /^[A-Za-z0-9_-]+$/

function escaped(byte: string): string {
  return `\\${String(byte.charCodeAt(0)).padStart(3, '0')}`
}
