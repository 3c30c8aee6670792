import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { realClock, seededRandom, silentLog } from '#base'
import type { Exchange } from '../forward/exchange.ts'
import { Forwarder } from '../forward/forwarder.ts'
import { Metrics } from '../metrics.ts'
import * as record from '../records/record.ts'
import { ServiceIndex } from '../records/service-index.ts'
import { zonesOf } from '../records/zones.ts'
import { exampleIndex, service, slice } from '../testing/objects.ts'
import { message, queryBytes } from '../testing/query.ts'
import { recordText } from '../testing/text.ts'
import { flag, rcode } from '../wire/codes.ts'
import { decodeMessage } from '../wire/decode.ts'
import { encodeMessage } from '../wire/encode.ts'
import { nameOf } from '../wire/name.ts'
import { createResponder } from './responder.ts'

interface Parts {
  readonly exchange?: Exchange
  readonly index?: ServiceIndex
  readonly synced?: boolean
}

function start({ exchange, index = exampleIndex(), synced = true }: Parts = {}) {
  const metrics = new Metrics(53)
  const resolvers = exchange === undefined ? [] : [{ address: '192.0.2.53', port: 53 }]
  const forwarder = new Forwarder({
    resolvers,
    exchange: exchange ?? (() => Promise.reject(new Error('nobody is asked'))),
    clock: realClock,
    log: silentLog,
    metrics,
  })
  const zones = zonesOf('cluster.local', ['10.43.0.0/16'])
  const cluster = { zones, index, addresses: [], random: seededRandom(1) }
  const respond = createResponder({
    cluster,
    forwarder,
    metrics,
    log: silentLog,
    synced: () => synced,
  })
  return {
    metrics,
    ask: async (bytes: Uint8Array, proto: 'udp' | 'tcp' = 'udp') => {
      const reply = await respond(bytes, { proto, family: 4 })
      return reply && { ...decodeMessage(reply), length: reply.length }
    },
  }
}

const kubernetes = 'kubernetes.default.svc.cluster.local'
const edns = { version: 0, udpBytes: 4096, dnssecOk: false }

describe('a reply', () => {
  it('repeats the question byte by byte, and says who speaks', async () => {
    const { ask } = start()
    const reply = await ask(queryBytes('KuberneteS.default.svc.cluster.local', 'A'))
    assert.deepEqual(reply?.question?.name[0], 'KuberneteS')
    assert.equal(reply?.id, 7)
    const said =
      flag.response | flag.authoritative | flag.recursionDesired | flag.recursionAvailable
    assert.equal(reply?.flags, said)
    assert.deepEqual(reply?.answers.map(recordText), [
      'KuberneteS.default.svc.cluster.local. 30 A 10.43.0.1',
    ])
    assert.equal(reply?.edns, undefined)
    assert.equal((await ask(queryBytes(kubernetes, 'A', edns)))?.edns?.udpBytes, 1232)
  })

  it('over UDP is as long as the client takes, and over TCP as long as it is', async () => {
    const index = new ServiceIndex()
    const ips = Array.from({ length: 200 }, (_, i) => ({ ip: `10.42.0.${i}` }))
    index.setNamespace('a', 1)
    index.setService(service('a/many', { clusterIP: 'None', clusterIPs: ['None'] }), 1)
    index.setSlice(slice('a/many', [['http', 80]], ips), undefined, 1)
    const { ask } = start({ index })
    const name = 'many.a.svc.cluster.local'
    const lengths = [
      [undefined, 512],
      [{ ...edns, udpBytes: 100 }, 512],
      [{ ...edns, udpBytes: 900 }, 900],
      [{ ...edns, udpBytes: 65_535 }, 1232],
    ] as const
    for (const [option, limit] of lengths) {
      const reply = await ask(queryBytes(name, 'A', option))
      assert.ok(reply !== undefined && reply.length <= limit && reply.length > limit - 16)
      assert.equal(reply.flags & flag.truncated, flag.truncated)
    }
    const whole = await ask(queryBytes(name, 'A'), 'tcp')
    assert.deepEqual([whole?.answers.length, (whole?.flags ?? 0) & flag.truncated], [200, 0])
  })

  it('to what is no question is none', async () => {
    const { ask } = start()
    assert.equal(await ask(Uint8Array.of(1, 2, 3)), undefined)
    assert.equal(await ask(encodeMessage(message({ flags: flag.response }), 512)), undefined)
  })

  const rows: readonly (readonly [string, () => Uint8Array, number])[] = [
    ['several questions', () => changed(queryBytes(kubernetes, 'A'), 5, 2), rcode.formatError],
    ['no question', () => encodeMessage(message(), 512), rcode.formatError],
    ['half a question', () => queryBytes(kubernetes, 'A').slice(0, 20), rcode.formatError],
    ['an update', () => changed(queryBytes(kubernetes, 'A'), 2, 5 << 3), rcode.notImplemented],
    ['another class', () => changed(queryBytes(kubernetes, 'A'), -1, 3), rcode.refused],
    ['any class', () => changed(queryBytes(kubernetes, 'A'), -1, 255), rcode.refused],
    ['a transfer of the zone', () => queryBytes('cluster.local', 'AXFR'), rcode.refused],
    ['a later EDNS', () => queryBytes(kubernetes, 'A', { ...edns, version: 1 }), rcode.badVersion],
    [
      'a name elsewhere, without resolvers',
      () => queryBytes('example.com', 'A'),
      rcode.serverFailure,
    ],
  ]
  for (const [what, bytes, expected] of rows) {
    it(`to ${what} is an error`, async () => {
      const reply = await start().ask(bytes())
      assert.deepEqual([reply?.id, reply?.rcode, reply?.answers], [7, expected, []])
      assert.equal((reply?.flags ?? 0) & flag.response, flag.response)
    })
  }

  it('does not deny what is not known yet', async () => {
    const { ask } = start({ synced: false })
    assert.equal((await ask(queryBytes('a.b.svc.cluster.local', 'A')))?.rcode, rcode.serverFailure)
  })

  it('comes to whatever bytes look like a question', async () => {
    const { ask } = start()
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 80 }), async (bytes) => {
        const isQuestion = bytes.length >= 12 && ((bytes[2] ?? 0) & 0x80) === 0
        assert.equal((await ask(bytes)) !== undefined, isQuestion)
      }),
      { numRuns: 1000 },
    )
  })

  it('is counted', async () => {
    const { ask, metrics } = start()
    await ask(queryBytes(kubernetes, 'A'))
    await ask(queryBytes('x.svc.cluster.local', 'A'), 'tcp')
    const server = 'server="dns://:53",zone=".",view=""'
    const text = metrics.text()
    for (const line of [
      `coredns_dns_requests_total{${server},proto="udp",family="4",type="A"} 1`,
      `coredns_dns_requests_total{${server},proto="tcp",family="4",type="A"} 1`,
      `coredns_dns_responses_total{${server},rcode="NOERROR"} 1`,
      `coredns_dns_responses_total{${server},rcode="NXDOMAIN"} 1`,
    ]) {
      assert.ok(text.includes(line), `${line} is not in\n${text}`)
    }
  })
})

it('addresses from elsewhere come in any order, behind their aliases', async () => {
  const addresses = [1, 2, 3].map((last) =>
    record.addressRecord(nameOf('b.example'), Uint8Array.of(192, 0, 2, last)),
  )
  const alias = record.aliasRecord(nameOf('a.example'), nameOf('b.example'))
  const exchange: Exchange = async (_, { question }) =>
    message({ question, answers: [alias, ...addresses] })
  const { ask } = start({ exchange })
  const firsts = new Set<string>()
  for (let i = 0; i < 50; i++) {
    const answers = (await ask(queryBytes('a.example', 'A')))?.answers.map(recordText) ?? []
    assert.deepEqual([answers[0], new Set(answers).size], [recordText(alias), 4])
    firsts.add(answers[1] ?? '')
  }
  assert.equal(firsts.size, 3)
})

describe('an alias out of the cluster', () => {
  const outside = 'outside.default.svc.cluster.local'
  const alias = `${outside}. 30 CNAME www.example.com.`
  const answering =
    (code: number): Exchange =>
    async (_, { question }) =>
      message({
        question,
        rcode: code,
        answers:
          code === 0
            ? [{ ...record.addressRecord(question.name, Uint8Array.of(192, 0, 2, 7)), ttl: 9 }]
            : [],
      })

  it('is followed', async () => {
    const reply = await start({ exchange: answering(0) }).ask(queryBytes(outside, 'A'))
    assert.deepEqual(reply?.answers.map(recordText), [alias, 'www.example.com. 9 A 192.0.2.7'])
    assert.equal(reply?.rcode, 0)
  })

  it('to nowhere is an alias to nowhere', async () => {
    const reply = await start({ exchange: answering(3) }).ask(queryBytes(outside, 'A'))
    assert.deepEqual([reply?.answers.map(recordText), reply?.rcode], [[alias], rcode.nameError])
  })

  it('that cannot be followed is a failure', async () => {
    const exchange: Exchange = () => Promise.reject(new Error('dead'))
    const reply = await start({ exchange }).ask(queryBytes(outside, 'A'))
    assert.deepEqual([reply?.answers, reply?.rcode], [[], rcode.serverFailure])
  })

  it('is the whole answer where there are no resolvers', async () => {
    const reply = await start().ask(queryBytes(outside, 'A'))
    assert.deepEqual([reply?.answers.map(recordText), reply?.rcode], [[alias], 0])
  })

  it('is not followed where it was asked for', async () => {
    const reply = await start().ask(queryBytes(outside, 'CNAME'))
    assert.deepEqual(reply?.answers.map(recordText), [alias])
  })
})

function changed(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[at < 0 ? copy.length + at : at] = value
  return copy
}
