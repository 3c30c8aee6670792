import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { silentLog, VirtualClock } from '#base'
import { Metrics } from '../metrics.ts'
import * as record from '../records/record.ts'
import { message } from '../testing/query.ts'
import { flag, rcode, recordType } from '../wire/codes.ts'
import type { Message } from '../wire/message.ts'
import { nameOf } from '../wire/name.ts'
import type { Asked, Exchange } from './exchange.ts'
import { Forwarder } from './forwarder.ts'

const name = nameOf('www.example.com')
const address = (ttl: number) => ({
  ...record.addressRecord(name, Uint8Array.of(192, 0, 2, 1)),
  ttl,
})
const asked = (text = 'www.example.com'): Asked => ({
  question: { name: nameOf(text), type: recordType.A, class: 1 },
  dnssecOk: false,
  checkingDisabled: false,
})
const reply = (overrides: Partial<Message> = {}) =>
  message({ flags: flag.response, answers: [address(60)], ...overrides })

/** What a resolver at each address does; calls are written down as `address/transport`. */
function start(
  behaviours: Readonly<
    Record<string, (over: 'udp' | 'tcp', asked: Asked) => Message | 'silent' | 'dead'>
  >,
) {
  const clock = new VirtualClock()
  const calls: string[] = []
  const exchange: Exchange = (resolver, asked, over, signal) => {
    calls.push(`${resolver.address}/${over}`)
    const said = behaviours[resolver.address]?.(over, asked) ?? 'dead'
    if (said === 'dead') return Promise.reject(new Error('refused'))
    if (said !== 'silent') return Promise.resolve(said)
    return new Promise((_, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
    )
  }
  const metrics = new Metrics(53)
  const resolvers = Object.keys(behaviours).map((each) => ({ address: each, port: 53 }))
  const forwarder = new Forwarder({ resolvers, exchange, clock, log: silentLog, metrics })
  return { clock, calls, forwarder, metrics }
}

describe('a forwarder', () => {
  it('asks once for what it may remember, and counts its age', async () => {
    const { clock, calls, forwarder, metrics } = start({ one: () => reply() })
    assert.equal((await forwarder.ask(asked())).answers[0]?.ttl, 60)
    await clock.advance(10_500)
    assert.equal((await forwarder.ask(asked('WWW.example.com'))).answers[0]?.ttl, 50)
    await clock.advance(20_000)
    await forwarder.ask(asked())
    assert.deepEqual(calls, ['one/udp', 'one/udp'])
    assert.match(metrics.text(), /coredns_cache_hits_total\{.*type="success".*\} 1/)
    assert.match(metrics.text(), /coredns_cache_misses_total\{.*\} 2/)
  })

  it('remembers denials as long as the authority says, and failures not at all', async () => {
    const authority = record.authorityRecord(nameOf('com'), nameOf('com'), 1)
    const denial = { answers: [], authorities: [authority], rcode: rcode.nameError }
    const denied = start({ one: () => reply(denial) })
    await denied.forwarder.ask(asked())
    await denied.forwarder.ask(asked())
    assert.equal(denied.calls.length, 1)
    const unsaid = start({ one: () => reply({ answers: [], rcode: rcode.nameError }) })
    await unsaid.forwarder.ask(asked())
    await unsaid.forwarder.ask(asked())
    assert.equal(unsaid.calls.length, 2)
    const brief = start({ one: () => reply({ answers: [address(0)] }) })
    await brief.forwarder.ask(asked())
    await brief.forwarder.ask(asked())
    assert.equal(brief.calls.length, 2)
  })

  it('tells types, and what is asked about DNSSEC, apart', async () => {
    const { calls, forwarder } = start({ one: () => reply() })
    await forwarder.ask(asked())
    await forwarder.ask({ ...asked(), dnssecOk: true })
    await forwarder.ask({ ...asked(), checkingDisabled: true })
    await forwarder.ask({ ...asked(), question: { name, type: recordType.AAAA, class: 1 } })
    assert.equal(calls.length, 4)
  })

  it('asks the same question once at a time', async () => {
    const { clock, calls, forwarder } = start({ one: () => 'silent' })
    const both = Promise.all([forwarder.ask(asked()), forwarder.ask(asked())])
    await clock.advance(2000)
    assert.deepEqual(
      (await both).map((each) => each.rcode),
      [rcode.serverFailure, rcode.serverFailure],
    )
    assert.equal(calls.length, 1)
  })

  it('goes to the next resolver when one is dead, silent or of no help', async () => {
    const refusing = () => reply({ answers: [], rcode: rcode.refused })
    const { clock, calls, forwarder } = start({
      dead: () => 'dead',
      silent: () => 'silent',
      refusing,
      good: () => reply(),
    })
    const answer = forwarder.ask(asked())
    await clock.advance(2000)
    assert.equal((await answer).answers.length, 1)
    assert.deepEqual(calls, ['dead/udp', 'silent/udp', 'refusing/udp', 'good/udp'])
    // Those that failed are asked last for a while.
    await forwarder.ask(asked('other.example.com'))
    assert.deepEqual(calls.slice(4), ['good/udp'])
    await clock.advance(20_000)
    const later = forwarder.ask(asked('third.example.com'))
    await clock.advance(2000)
    await later
    assert.equal(calls[5], 'dead/udp')
  })

  it('ends in time, however many resolvers are silent', async () => {
    const { clock, calls, forwarder } = start({
      a: () => 'silent',
      b: () => 'silent',
      c: () => 'silent',
      d: () => 'silent',
    })
    const answer = forwarder.ask(asked())
    await clock.advance(5000)
    assert.equal((await answer).rcode, rcode.serverFailure)
    assert.deepEqual(calls, ['a/udp', 'b/udp', 'c/udp'])
  })

  it('says what the last resolver said when none is of help', async () => {
    const { forwarder } = start({ a: () => reply({ answers: [], rcode: rcode.refused }) })
    assert.equal((await forwarder.ask(asked())).rcode, rcode.refused)
  })

  it('asks again over TCP for an answer that was cut', async () => {
    const { calls, forwarder } = start({
      one: (over) =>
        over === 'tcp'
          ? reply({ answers: [address(60), address(60)] })
          : reply({ flags: flag.response | flag.truncated, answers: [] }),
    })
    assert.equal((await forwarder.ask(asked())).answers.length, 2)
    assert.deepEqual(calls, ['one/udp', 'one/tcp'])
  })

  it('asks again without EDNS where that is not known', async () => {
    const old = (_: string, { plain }: Asked) =>
      plain === true ? reply() : reply({ answers: [], rcode: rcode.formatError })
    const { calls, forwarder } = start({ old })
    assert.equal((await forwarder.ask(asked())).answers.length, 1)
    assert.deepEqual(calls, ['old/udp', 'old/udp'])
    const never = start({ one: () => reply({ answers: [], rcode: rcode.formatError }) })
    assert.equal((await never.forwarder.ask(asked())).rcode, rcode.formatError)
    assert.equal(never.calls.length, 2)
  })

  it('refuses more questions than may wait, and takes some again after that', async () => {
    const { clock, forwarder, metrics } = start({ one: () => 'silent' })
    const waiting = Array.from({ length: 1000 }, (_, i) => forwarder.ask(asked(`${i}.example`)))
    assert.equal((await forwarder.ask(asked('more.example'))).rcode, rcode.refused)
    assert.match(metrics.text(), /coredns_forward_max_concurrent_rejects_total 1/)
    await clock.advance(2000)
    await Promise.all(waiting)
    const next = forwarder.ask(asked('more.example'))
    await clock.advance(2000)
    assert.equal((await next).rcode, rcode.serverFailure)
  })

  it('keeps a limited number of answers', async () => {
    const { calls, forwarder } = start({ one: () => reply() })
    for (let i = 0; i < 4097; i++) await forwarder.ask(asked(`${i}.example`))
    await forwarder.ask(asked('4096.example'))
    assert.equal(calls.length, 4097)
    await forwarder.ask(asked('0.example'))
    assert.equal(calls.length, 4098)
  })

  it('keeps a limited number of records, of the latest answers', async () => {
    const answers = Array.from({ length: 1000 }, () => address(60))
    const { calls, forwarder } = start({ one: () => reply({ answers }) })
    for (let i = 0; i < 17; i++) await forwarder.ask(asked(`${i}.example`))
    await forwarder.ask(asked('1.example'))
    assert.equal(calls.length, 17)
    await forwarder.ask(asked('0.example'))
    assert.equal(calls.length, 18)
  })

  it('ends what it waits for when it is stopped', async () => {
    const { calls, forwarder } = start({ one: () => 'silent', two: () => 'silent' })
    const answer = forwarder.ask(asked())
    forwarder.stop()
    assert.equal((await answer).rcode, rcode.serverFailure)
    assert.equal(calls.length, 1)
  })

  it('fails without resolvers', async () => {
    const { forwarder } = start({})
    assert.equal(forwarder.canAsk, false)
    assert.equal((await forwarder.ask(asked())).rcode, rcode.serverFailure)
  })
})
