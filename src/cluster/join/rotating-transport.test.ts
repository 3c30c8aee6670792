import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { deferred, type Deferred } from '#base'
import type { Call, RawWatchEvent, Transport, WatchReceiver } from '#client'
import { RotatingTransport } from './rotating-transport.ts'

const call: Call = { method: 'GET', path: '/' }

class FakeTransport implements Transport {
  readonly answers: Deferred<unknown>[] = []
  readonly watches: WatchReceiver[] = []
  closed = 0

  send(): Promise<unknown> {
    const answer = deferred<unknown>()
    this.answers.push(answer)
    return answer.promise
  }

  watch({ path }: Call, receiver: WatchReceiver) {
    if (path !== '/') throw new TypeError('no such path')
    this.watches.push(receiver)
    return { close: () => {} }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closed++
  }
}

function collect(): { readonly seen: string[]; readonly receiver: WatchReceiver } {
  const seen: string[] = []
  return {
    seen,
    receiver: {
      event: ({ type }) => seen.push(type),
      end: (error) => seen.push(`end ${error?.message ?? ''}`),
    },
  }
}

describe('a transport that rotates', () => {
  it('sends what is new the new way, and closes the old one after its last call', async () => {
    const [old, next] = [new FakeTransport(), new FakeTransport()]
    const transport = new RotatingTransport(old)
    const [first, second] = [transport.send(call), transport.send(call)]
    transport.rotate(next)
    const third = transport.send(call)
    assert.deepEqual([old.answers.length, next.answers.length], [2, 1])
    old.answers[0]?.resolve('first')
    assert.equal(await first, 'first')
    assert.equal(old.closed, 0)
    old.answers[1]?.reject(new Error('no'))
    await assert.rejects(second, /no/)
    assert.equal(old.closed, 1)
    next.answers[0]?.resolve('third')
    assert.equal(await third, 'third')
    assert.equal(next.closed, 0)
  })

  it('closes at once what nothing goes on', () => {
    const [old, next] = [new FakeTransport(), new FakeTransport()]
    const transport = new RotatingTransport(old)
    transport.rotate(next)
    assert.deepEqual([old.closed, next.closed], [1, 0])
  })

  it('lets a watch go on until it ends, or is closed', () => {
    const [one, two, three] = [new FakeTransport(), new FakeTransport(), new FakeTransport()]
    const transport = new RotatingTransport(one)
    const { seen, receiver } = collect()
    transport.watch(call, receiver)
    transport.rotate(two)
    const handle = transport.watch(call, collect().receiver)
    transport.rotate(three)
    one.watches[0]?.event({ type: 'ADDED' } as RawWatchEvent)
    assert.deepEqual([one.closed, two.closed], [0, 0])
    one.watches[0]?.end(new Error('gone'))
    assert.deepEqual(seen, ['ADDED', 'end gone'])
    handle.close()
    handle.close()
    assert.deepEqual([one.closed, two.closed, three.closed], [1, 1, 0])
  })

  it('counts no watch that could not begin', () => {
    const [old, next] = [new FakeTransport(), new FakeTransport()]
    const transport = new RotatingTransport(old)
    assert.throws(
      () => transport.watch({ ...call, path: '/x' }, collect().receiver),
      /no such path/,
    )
    transport.rotate(next)
    assert.equal(old.closed, 1)
  })

  it('closes everything when it is closed', async () => {
    const [old, next] = [new FakeTransport(), new FakeTransport()]
    const transport = new RotatingTransport(old)
    transport.watch(call, collect().receiver)
    transport.rotate(next)
    await transport[Symbol.asyncDispose]()
    assert.deepEqual([old.closed, next.closed], [1, 1])
  })
})
