/**
 * A text in double quotes as Go's `%q` prints it, which is how upstream shows values in messages.
 * Printable characters beyond ASCII stay as they are.
 */
export function quote(text: string): string {
  if (plain.test(text)) return `"${text}"`
  let out = '"'
  for (const char of text) out += plain.test(char) ? char : quoteChar(char)
  return `${out}"`
}

/** Neither control characters nor quotes: the common case, copied as it stands. */
const plain = /^[ !#-[\]-~]*$/
const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u

const named: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
}

function quoteChar(char: string): string {
  const escape = named[char]
  if (escape !== undefined) return escape
  if (printable.test(char)) return char
  const code = char.codePointAt(0) ?? 0
  if (code >= 0xd800 && code <= 0xdfff) return '\ufffd'
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`
  if (code < 0x1_0000) return `\\u${code.toString(16).padStart(4, '0')}`
  return `\\U${code.toString(16).padStart(8, '0')}`
}
