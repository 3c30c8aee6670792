import { PkiError } from './error.ts'

/** One block of a PEM text (RFC 7468). */
export interface PemBlock {
  readonly label: string
  readonly der: Uint8Array
}

export function pemEncode(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

/**
 * Every block, in order. Text between blocks is ignored, as RFC 7468 allows; a block without its
 * end or with broken base64 is an error of reason `Malformed`.
 */
export function pemDecode(text: string): readonly PemBlock[] {
  const blocks: PemBlock[] = []
  const lines = text.split(/\r?\n/)
  for (let i = 0; i < lines.length; i++) {
    const label = /^-----BEGIN ([A-Z0-9 ]+)-----\s*$/.exec(lines[i] ?? '')?.[1]
    if (label === undefined) continue
    const end = lines.findIndex((line, at) => at > i && line.trim() === `-----END ${label}-----`)
    if (end === -1) throw new PkiError('Malformed', `PEM block ${label} has no end`)
    const body = lines
      .slice(i + 1, end)
      .join('')
      .replace(/\s/g, '')
    if (!base64.test(body)) throw new PkiError('Malformed', `PEM block ${label} is not base64`)
    blocks.push({ label, der: new Uint8Array(Buffer.from(body, 'base64')) })
    i = end
  }
  return blocks
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
