import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Answer, ApiRequest, Served, WatchEvent, WatchSink } from '#apiserver'
import { seededRandom, VirtualClock } from '#base'
import { errors, struct } from '#machinery'
import { calmNetwork, SimulatedNetwork, type NetworkFaults } from './network.ts'
import { SimulatedProcess } from './process.ts'

const served: Served = {
  apiVersion: 'v1',
  kind: 'Thing',
  object: () => ({ apiVersion: 'v1', kind: 'Thing', metadata: {} }),
  json: () => new Uint8Array(),
  writeItem() {},
  writeMetadata() {},
  schema: struct('Thing', () => ({})),
  columns: [],
  cells: () => ({ cells: [], conditions: [] }),
}
const event: WatchEvent = { type: 'ADDED', served }

function request(method = 'GET', path = '/api/v1/things'): ApiRequest {
  return {
    method,
    path,
    query: new URLSearchParams(),
    header: () => undefined,
    headers: () => [],
    headerNames: () => [],
    body: { type: 'value', value: undefined },
    peer: { address: '', certificate: undefined, user: undefined },
    signal: new AbortController().signal,
  }
}

function simulated(faults: Partial<NetworkFaults> = {}) {
  const clock = new VirtualClock()
  const network = new SimulatedNetwork({ clock, random: seededRandom(1) })
  network.faults = { ...calmNetwork, ...faults }
  const process = new SimulatedProcess('caller', clock)
  return { clock, network, process, endpoint: network.endpoint(process) }
}

const done: Answer = { type: 'object', code: 200, served }

test('a server that is away refuses connections; one that goes breaks the calls under way', async () => {
  const { clock, network, endpoint } = simulated()
  const refused = assert.rejects(endpoint.answer(request()), { reason: 'Unreachable' })
  await clock.advance(1_000)
  await refused
  network.connect({ answer: () => new Promise(() => {}) })
  const broken = assert.rejects(endpoint.answer(request()), { reason: 'Interrupted' })
  await clock.settle()
  network.disconnect()
  await broken
})

test('a lost reply is a timeout of a call that took effect, a lost request is one that did not', async () => {
  for (const [faults, effects] of [
    [{ lostReplyRate: 1 }, 1],
    [{ lostRequestRate: 1 }, 0],
  ] as const) {
    const { clock, network, endpoint } = simulated(faults)
    let calls = 0
    network.connect({ answer: async () => (calls++, done) })
    const lost = assert.rejects(endpoint.answer(request('POST')), { reason: 'Timeout' })
    await clock.advance(20_000)
    await lost
    assert.equal(calls, effects)
  }
})

test('refusals and conflicts are those of an API server', async () => {
  const { network, endpoint } = simulated({ conflictRate: 1 })
  network.connect({ answer: async () => done })
  const answer = await endpoint.answer(request('PUT', '/api/v1/things/a'))
  assert.ok(answer.type === 'status')
  assert.equal(answer.status.reason, errors.conflict({ group: '', resource: '' }, '', '').reason)
  assert.equal((await endpoint.answer(request())).type, 'object')
  network.faults = { ...calmNetwork, refusedRate: 1 }
  const refused = await endpoint.answer(request())
  assert.ok(refused.type === 'status' && refused.code >= 429)
})

test('a watch brings its events late but in order, then its end', async () => {
  const { clock, network, endpoint } = simulated({ watchDelayMaxMs: 1_000 })
  let sink: WatchSink | undefined
  const open = (to: WatchSink) => ((sink = to), { close() {} })
  network.connect({ answer: async () => ({ type: 'watch', itemSchema: served.schema, open }) })
  const watch = await endpoint.answer(request())
  assert.ok(watch.type === 'watch')
  const told: string[] = []
  watch.open({
    events: (events) => told.push(...events.map(({ type }) => type)),
    end: () => told.push('end'),
  })
  for (const type of ['ADDED', 'MODIFIED', 'DELETED'] as const) sink?.events([{ ...event, type }])
  sink?.end()
  assert.deepEqual(told, [])
  await clock.advance(5_000)
  assert.deepEqual(told, ['ADDED', 'MODIFIED', 'DELETED', 'end'])
})

test('a separated process reaches nobody; its silent streams end when it is joined again', async () => {
  const { clock, network, process, endpoint } = simulated()
  const sinks: WatchSink[] = []
  const open = (to: WatchSink) => (sinks.push(to), { close() {} })
  network.connect({ answer: async () => ({ type: 'watch', itemSchema: served.schema, open }) })
  const other = network.endpoint(new SimulatedProcess('other', clock))
  const told: string[] = []
  for (const [who, from] of [
    ['caller', endpoint],
    ['other', other],
  ] as const) {
    const watch = await from.answer(request())
    assert.ok(watch.type === 'watch')
    watch.open({
      events: (events) => told.push(...events.map(({ type }) => `${who} ${type}`)),
      end: () => told.push(`${who} end`),
    })
  }
  const tell = () => sinks.forEach((sink) => sink.events([event]))
  network.separate(process.name)
  tell()
  const lost = assert.rejects(endpoint.answer(request()), { reason: 'Timeout' })
  await clock.advance(20_000)
  await lost
  assert.deepEqual(told, ['other ADDED'])
  network.join(process.name)
  tell()
  assert.deepEqual(told, ['other ADDED', 'caller end', 'other ADDED'])
  assert.equal((await endpoint.answer(request())).type, 'watch')
})

test('a separated process notices in the end that its streams are silent', async () => {
  const { clock, network, process, endpoint } = simulated()
  let sink: WatchSink | undefined
  const open = (to: WatchSink) => ((sink = to), { close() {} })
  network.connect({ answer: async () => ({ type: 'watch', itemSchema: served.schema, open }) })
  const watch = await endpoint.answer(request())
  assert.ok(watch.type === 'watch')
  const told: string[] = []
  watch.open({ events: () => told.push('events'), end: () => told.push('end') })
  network.separate(process.name)
  sink?.events([event])
  await clock.advance(60_000)
  assert.deepEqual(told, ['end'])
})

test('a process that crashed stands still', async () => {
  const { clock, network, process, endpoint } = simulated({ delayMaxMs: 100 })
  network.connect({ answer: async () => done })
  const heard: string[] = []
  process.clock.timer(50, () => heard.push('timer'))
  void process.clock.sleep(50).then(() => heard.push('sleep'))
  void endpoint.answer(request()).then(() => heard.push('answer'))
  process.crash()
  process.clock.timer(50, () => heard.push('later'))
  await clock.advance(10_000)
  assert.deepEqual(heard, [])
  assert.equal(clock.pendingTimers, 0)
})
