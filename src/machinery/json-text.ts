declare global {
  interface JSON {
    /** ECMAScript's source text access: a number that is written exactly as given. */
    rawJSON(text: string): object
  }
}

/** `JSON.stringify` for values that may hold exact integers as bigint. Undefined fields are left out. */
export function stringifyJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, exactIntegers, indent) ?? 'null'
}

/** JSON as Go's encoder writes it: `<`, `>`, `&` and the two line separators are escaped. */
export function goJson(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : stringifyJson(value)
  if (!special.test(text)) return text
  return text.replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

const special = /[<>&\u2028\u2029]/

function exactIntegers(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? JSON.rawJSON(value.toString()) : value
}
