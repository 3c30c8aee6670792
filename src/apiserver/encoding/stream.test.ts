import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { limits } from '../limits.ts'
import type { ByteSink, WatchAnswer, WatchEvent, WatchSink } from '../request.ts'
import { openStream, type Framing } from './stream.ts'

/** Events say their number; what is written says the numbers in it. */
const events = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => ({ type: 'ADDED', number: from + i }) as never)

const framing: Framing = {
  events: (some) => Buffer.from(some.map((event) => `${numberOf(event)} `).join('')),
  error: ({ reason }) => Buffer.from(`error ${reason} `),
}

const numberOf = (event: WatchEvent) => (event as unknown as { number: number }).number

class Peer implements ByteSink {
  text = ''
  writes = 0
  pendingBytes = 0
  ended = false
  #run: (() => void) | undefined

  write(bytes: Uint8Array): boolean {
    this.writes++
    this.text += Buffer.from(bytes).toString()
    return false
  }

  whenTaken(run: () => void): void {
    assert.equal(this.#run, undefined, 'waits once at a time')
    this.#run = run
  }

  end(): void {
    this.ended = true
  }

  take(): boolean {
    const run = this.#run
    this.#run = undefined
    run?.()
    return run !== undefined
  }
}

function open(first: readonly WatchEvent[]) {
  const peer = new Peer()
  let sink: WatchSink | undefined
  let closed = 0
  const answer: WatchAnswer = {
    type: 'watch',
    itemSchema: undefined as never,
    open(given) {
      sink = given
      if (first.length > 0) given.events(first)
      return { close: () => void closed++ }
    },
  }
  openStream(answer, peer, framing)
  return {
    peer,
    events: (some: readonly WatchEvent[]) => sink?.events(some),
    end: () => sink?.end(),
    closed: () => closed,
  }
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => `${i} `).join('')

describe('a stream of events', () => {
  it('writes a few at once', () => {
    const { peer, events: send } = open([])
    send(events(0, 2))
    send(events(2, 1))
    assert.equal(peer.text, numbers(3))
    assert.equal(peer.writes, 2)
  })

  it('writes a large state in portions as they are taken, and what happens meanwhile behind it', () => {
    const count = 10 * limits.watchPortionEvents
    const stream = open(events(0, count))
    assert.equal(stream.peer.text, numbers(limits.watchPortionEvents))
    assert.ok(stream.peer.take())
    stream.events(events(count, 1))
    stream.end()
    assert.ok(!stream.peer.ended)
    while (stream.peer.take());
    assert.equal(stream.peer.text, numbers(count + 1))
    assert.equal(stream.peer.writes, 11)
    assert.ok(stream.peer.ended)
  })

  it('lets go who does not read', () => {
    const stream = open(events(0, 1))
    stream.peer.pendingBytes = limits.watchBufferBytesMax + 1
    stream.events(events(1, 1))
    assert.equal(stream.peer.text, numbers(1))
    assert.ok(stream.peer.ended)
    assert.equal(stream.closed(), 1)
  })

  it('lets go for whom too much waits, however large the state it began with', () => {
    const count = limits.watchWaitingEventsMax + 1
    const stream = open(events(0, count))
    // One portion of the state has been written and makes room for as many changes more.
    stream.events(events(count, limits.watchWaitingEventsMax + limits.watchPortionEvents))
    assert.ok(!stream.peer.ended)
    stream.events(events(2 * count, 1))
    assert.ok(stream.peer.ended)
    assert.equal(stream.closed(), 1)
  })
})
