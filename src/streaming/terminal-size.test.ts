import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { BytePipe } from './byte-pipe.ts'
import { limits } from './limits.ts'
import { encodeTerminalSize, terminalSizes, type TerminalSize } from './terminal-size.ts'

function saying(...pieces: readonly string[]): BytePipe {
  const left = [...pieces]
  return {
    read: async () => {
      const piece = left.shift()
      return piece === undefined ? undefined : Buffer.from(piece)
    },
    write: async () => undefined,
    end: async () => undefined,
    abort: () => undefined,
  }
}

async function sizes(...pieces: readonly string[]): Promise<TerminalSize[]> {
  const got: TerminalSize[] = []
  for await (const size of terminalSizes(saying(...pieces))) got.push(size)
  return got
}

describe('the sizes of a terminal', () => {
  it('come one after the other, however they are cut', async () => {
    const text = encodeTerminalSize({ width: 80, height: 24 }).toString()
    assert.equal(text, '{"Width":80,"Height":24}\n')
    const expected = [
      { width: 80, height: 24 },
      { width: 1, height: 0 },
    ]
    assert.deepEqual(await sizes(text, '{"width":1}'), expected)
    const characters = Array.from(`${text} {"Width":1,"other":true}`)
    assert.deepEqual(await sizes(...characters), expected)
  })

  it('are refused when they are none', async () => {
    for (const text of [
      '{"Width":-1}',
      '{"Width":65536}',
      '{"Width":1.5}',
      '{"Width":"8"}',
      '{x}',
      ']}',
    ]) {
      await assert.rejects(sizes(text), { reason: 'ProtocolError' })
    }
    const endless = ' '.repeat(limits.terminalSizeBytesMax + 1)
    await assert.rejects(sizes(endless), { reason: 'LimitExceeded' })
  })
})
