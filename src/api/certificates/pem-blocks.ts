export interface PemBlock {
  readonly type: string
  readonly hasHeaders: boolean
}

const block = /-----BEGIN ([^\r\n]*?)-----[ \t]*\r?\n([\s\S]*?)-----END \1-----/g

/** The blocks of PEM (RFC 7468) in base64 data, without looking into them. */
export function pemBlocks(base64: string): readonly PemBlock[] {
  const text = Buffer.from(base64, 'base64').toString('latin1')
  return Array.from(text.matchAll(block), ([, type = '', body = '']) => ({
    type,
    hasHeaders: body.includes(':'),
  }))
}
