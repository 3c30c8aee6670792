import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seededRandom, VirtualClock } from '#base'
import { errors, hasReason } from '#machinery'
import { retryOnConflict } from './retry.ts'

const conflict = () => errors.conflict({ group: '', resource: 'pods' }, 'p', 'it has changed')

describe('retrying on conflict', () => {
  const services = () => ({ clock: new VirtualClock(), random: seededRandom(1) })

  it('tries five times', async () => {
    const { clock, random } = services()
    let tries = 0
    const trying = assert.rejects(
      retryOnConflict({ clock, random }, () => {
        tries++
        return Promise.reject(conflict())
      }),
      (error) => hasReason(error, 'Conflict'),
    )
    await clock.advance(100)
    await trying
    assert.equal(tries, 5)
  })

  it('ends with success, and at once with any other error', async () => {
    const { clock, random } = services()
    let tries = 0
    const trying = retryOnConflict({ clock, random }, async () => {
      if (++tries < 3) throw conflict()
      return tries
    })
    await clock.advance(100)
    assert.equal(await trying, 3)
    await assert.rejects(
      retryOnConflict({ clock, random }, () => Promise.reject(new Error('no'))),
      /no/,
    )
  })
})
