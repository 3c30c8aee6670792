import { encodeUtf8 } from '#machinery'
import type { DocumentAnswer } from '../request.ts'

export function jsonDocument(value: unknown, code = 200): DocumentAnswer {
  return {
    type: 'document',
    code,
    contentType: 'application/json',
    bytes: encodeUtf8(`${JSON.stringify(value)}\n`),
  }
}

/** For people: indented, as upstream prints what is asked for by hand. */
export function readableDocument(value: unknown): DocumentAnswer {
  return { ...jsonDocument(value), bytes: encodeUtf8(JSON.stringify(value, null, 2)) }
}

export function textDocument(text: string, code = 200): DocumentAnswer {
  return {
    type: 'document',
    code,
    contentType: 'text/plain; charset=utf-8',
    bytes: encodeUtf8(text),
    headers: { 'x-content-type-options': 'nosniff' },
  }
}
