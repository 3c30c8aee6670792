import type { PodTemplateSpec } from '#api'
import { stringifyJson } from '#machinery'

/** Tells the pods of a Deployment's ReplicaSets apart. */
export const podTemplateHashLabel = 'pod-template-hash'

/**
 * A short name for a template, the same in every process; `collisions` changes it when the name
 * turned out to be taken. Which ReplicaSet is a Deployment's is never decided by it, but by
 * comparing templates, so clusters can be moved to and from Kubernetes.
 */
// Differs from Kubernetes: upstream hashes a dump of Go's structures, we the template's JSON.
export function templateHash(template: PodTemplateSpec, collisions: number | undefined): string {
  const hash = new Fnv32a()
  hash.write(Buffer.from(stringifyJson(sorted(template))))
  if (collisions !== undefined) {
    const bytes = Buffer.alloc(8)
    bytes.writeUInt32LE(collisions)
    hash.write(bytes)
  }
  return safeText(String(hash.sum))
}

/** http://www.isthe.com/chongo/tech/comp/fnv/ */
class Fnv32a {
  sum = 0x811c9dc5

  write(bytes: Uint8Array): void {
    for (const byte of bytes) this.sum = Math.imul(this.sum ^ byte, 0x01000193) >>> 0
  }
}

/** Of letters and digits that make up no words, as in generated names. */
function safeText(text: string): string {
  const alphabet = 'bcdfghjklmnpqrstvwxz2456789'
  let safe = ''
  for (const char of text) safe += alphabet[char.charCodeAt(0) % alphabet.length]
  return safe
}

/** A copy with keys in one order, whoever made the value. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(sorted)
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]))
}
