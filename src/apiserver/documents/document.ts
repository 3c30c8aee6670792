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

export function textDocument(text: string, code = 200): DocumentAnswer {
  return {
    type: 'document',
    code,
    contentType: 'text/plain; charset=utf-8',
    bytes: encodeUtf8(text),
    headers: { 'x-content-type-options': 'nosniff' },
  }
}
