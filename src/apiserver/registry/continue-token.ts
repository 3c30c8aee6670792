import { errors } from '#machinery'
import type { Revision } from '#store'

/**
 * Where a paged list goes on: upstream's form with the time of issue added, because tokens expire
 * by age and not by what history happens to be left.
 */
export interface ContinueToken {
  /** The list's revision; -1 to go on at whatever is there now (inconsistent). */
  readonly revision: Revision
  /** The key to go on from, without the resource's prefix. */
  readonly start: string
  /** Milliseconds since the epoch. */
  readonly issued: number
}

export function writeToken(token: ContinueToken): string {
  const { revision, start, issued } = token
  return Buffer.from(
    JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start, t: issued }),
  ).toString('base64url')
}

/** Throws the 400 that upstream gives for a token it cannot use. */
export function readToken(text: string): ContinueToken {
  const { v, rv, start, t } = decode(text)
  if (v !== 'meta.k8s.io/v1')
    throw invalid(`incorrect encoding: unknown version ${JSON.stringify(v)}`)
  if (typeof rv !== 'number' || !Number.isSafeInteger(rv) || rv === 0 || rv < -1) {
    throw invalid('incorrect encoding: the revision is not usable')
  }
  if (typeof start !== 'string' || start === '' || start.split('/').includes('..')) {
    throw invalid('incorrect encoding: the start key is not usable')
  }
  return { revision: rv, start, issued: typeof t === 'number' ? t : 0 }
}

function decode(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    if (typeof value === 'object' && value !== null) return { ...value }
  } catch (error) {
    throw invalid('incorrect encoding', error)
  }
  throw invalid('incorrect encoding')
}

function invalid(why: string, cause?: unknown) {
  return errors.badRequest(`continue key is not valid: ${why}`, { cause })
}
