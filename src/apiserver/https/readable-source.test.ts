import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { it } from 'node:test'
import { createGunzip } from 'node:zlib'
import { readableSource } from './readable-source.ts'

it('tells who reads later what has broken the stream before', async () => {
  const packed = Readable.from([Buffer.from('none of gzip')]).pipe(createGunzip())
  const source = readableSource(packed)
  await new Promise((resolve) => packed.once('close', resolve))
  await assert.rejects(source.read(), /incorrect header check/)
  source.cancel()
})
