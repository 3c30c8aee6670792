import { randomFillSync } from 'node:crypto'
import { assert } from './assert.ts'

/** The only source of chance, injected like the clock. */
export interface Random {
  bytes(length: number): Uint8Array
  /** An integer in [0, below). */
  integer(below: number): number
  /** A number in [0, 1). */
  fraction(): number
  /** RFC 9562 version 4. */
  uuid(): string
}

/** Operating-system randomness, fit for keys and tokens. */
export const realRandom: Random = randomOver(pooled(4096))

/** Asking the system costs a microsecond or two whatever the amount, so it is asked for a block. */
function pooled(blockBytes: number): (length: number) => Uint8Array {
  const block = new Uint8Array(blockBytes)
  let used = blockBytes
  return (length) => {
    if (length > blockBytes) return randomFillSync(new Uint8Array(length))
    if (used + length > blockBytes) {
      randomFillSync(block)
      used = 0
    }
    const bytes = block.slice(used, used + length)
    // What was handed out is not kept here.
    block.fill(0, used, used + length)
    used += length
    return bytes
  }
}

/**
 * Deterministic bytes from a seed (xoshiro128**). Two of the same seed give the same sequence in
 * every process. Not for secrets outside a simulation.
 */
export function seededRandom(seed: number): Random {
  const state = splitMix(seed)
  const next = (): number => {
    const [a, b, c, d] = state
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0
    const t = b << 9
    const c1 = c ^ a
    const d1 = d ^ b
    state[1] = b ^ c1
    state[0] = a ^ d1
    state[2] = c1 ^ t
    state[3] = rotate(d1, 11)
    return result
  }
  return randomOver((length) => {
    const out = new Uint8Array(length)
    for (let i = 0; i < length; i += 4) {
      let word = next()
      for (let j = i; j < Math.min(i + 4, length); j++) {
        out[j] = word & 0xff
        word >>>= 8
      }
    }
    return out
  })
}

/** The alphabet of `generateName` suffixes: no vowels and no look-alikes, so no words appear. */
const suffixAlphabet = 'bcdfghjklmnpqrstvwxz2456789'

/** A random suffix as upstream's name generator makes it. */
export function randomSuffix(random: Random, length: number): string {
  let text = ''
  for (let i = 0; i < length; i++) text += suffixAlphabet[random.integer(suffixAlphabet.length)]
  return text
}

function randomOver(bytes: (length: number) => Uint8Array): Random {
  const word = () => {
    const [a = 0, b = 0, c = 0, d = 0] = bytes(4)
    return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0
  }
  return {
    bytes,
    fraction: () => word() / 0x1_0000_0000,
    integer(below) {
      assert(
        Number.isSafeInteger(below) && below > 0 && below <= 0x1_0000_0000,
        'the bound of a random integer is in (0, 2^32]',
      )
      const limit = Math.floor(0x1_0000_0000 / below) * below
      for (;;) {
        const value = word()
        if (value < limit) return value % below
      }
    },
    uuid() {
      const b = bytes(16)
      b[6] = ((b[6] ?? 0) & 0x0f) | 0x40
      b[8] = ((b[8] ?? 0) & 0x3f) | 0x80
      const hex = Buffer.from(b).toString('hex')
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
    },
  }
}

function splitMix(seed: number): [number, number, number, number] {
  let x = seed >>> 0
  const next = () => {
    x = (x + 0x9e3779b9) >>> 0
    let z = x
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b)
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35)
    return (z ^ (z >>> 16)) >>> 0
  }
  return [next(), next(), next(), next() | 1]
}

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by))
}
