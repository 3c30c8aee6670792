import assert from 'node:assert/strict'
import { test } from 'node:test'
import { replyTo, startTestDns, startTestResolver } from './dns-under-test.ts'

const truncated = 0x8380

test('names elsewhere are forwarded, and remembered', async () => {
  await using upstream = await startTestResolver((query) => [replyTo(query, 2)])
  await using under = await startTestDns({ forwardTo: [upstream.address] })
  const addresses = ['192.0.2.1', '192.0.2.2']
  for (const name of ['www.example.com', 'WWW.example.COM']) {
    assert.deepEqual((await under.resolver.resolve4(name)).sort(), addresses)
  }
  assert.deepEqual(upstream.queries, ['udp'])
})

test('a resolver that lies about ids or questions, or sends garbage, is not believed', async () => {
  await using upstream = await startTestResolver((query) => {
    const otherId = replyTo(query, 9)
    otherId.writeUInt16BE(query.readUInt16BE(0) ^ 1, 0)
    const otherName = replyTo(query, 9)
    otherName[13] = 'x'.charCodeAt(0)
    const noReply = replyTo(query, 9, 0x0100)
    const cut = replyTo(query, 9).subarray(0, 40)
    return [otherId, otherName, noReply, cut, Buffer.from([1]), replyTo(query, 1)]
  })
  await using under = await startTestDns({ forwardTo: [upstream.address] })
  assert.deepEqual(await under.resolver.resolve4('www.example.com'), ['192.0.2.1'])
})

test('a resolver that does not know EDNS is asked without', async () => {
  await using upstream = await startTestResolver((query) => {
    const isPlain = query.readUInt16BE(10) === 0
    return [replyTo(query, isPlain ? 1 : 0, isPlain ? 0x8180 : 0x8181)]
  })
  await using under = await startTestDns({ forwardTo: [upstream.address] })
  assert.deepEqual(await under.resolver.resolve4('www.example.com'), ['192.0.2.1'])
  assert.equal(upstream.queries.length, 2)
})

test('an answer that a resolver cuts is fetched over TCP', async () => {
  await using upstream = await startTestResolver((query, over) => [
    over === 'udp' ? replyTo(query, 0, truncated) : replyTo(query, 100),
  ])
  await using under = await startTestDns({ forwardTo: [upstream.address] })
  assert.equal((await under.resolver.resolve4('www.example.com')).length, 100)
  assert.deepEqual(upstream.queries, ['udp', 'tcp'])
})

test('a dead resolver is passed over at once, a refusing one as well', async () => {
  let dead: string
  {
    await using upstream = await startTestResolver(() => [])
    dead = upstream.address
  }
  await using refusing = await startTestResolver((query) => [replyTo(query, 0, 0x8185)])
  await using upstream = await startTestResolver((query) => [replyTo(query, 1)])
  const forwardTo = [dead, refusing.address, upstream.address]
  await using under = await startTestDns({ forwardTo })
  assert.deepEqual(await under.resolver.resolve4('www.example.com'), ['192.0.2.1'])
  assert.deepEqual(refusing.queries, ['udp'])
})

test('a silent resolver is given up for the next one', async () => {
  await using silent = await startTestResolver(() => [])
  await using upstream = await startTestResolver((query) => [replyTo(query, 1)])
  await using under = await startTestDns({ forwardTo: [silent.address, upstream.address] })
  assert.deepEqual(await under.resolver.resolve4('www.example.com'), ['192.0.2.1'])
  assert.deepEqual(silent.queries, ['udp'])
})

test('a question that comes back to where it was asked ends, and is sent once', async () => {
  // The resolver that the server forwards to asks that very server again.
  let ask: (() => Promise<unknown>) | undefined
  await using upstream = await startTestResolver(() => {
    ask?.().catch(() => {})
    return []
  })
  await using under = await startTestDns({ forwardTo: [upstream.address] })
  ask = () => under.resolver.resolve4('loop.example.com')
  await assert.rejects(ask(), { code: 'ESERVFAIL' })
  assert.equal(upstream.queries.length, 1)
})

test('a server that is stopped leaves no question open', async () => {
  await using upstream = await startTestResolver(() => [])
  const under = await startTestDns({ forwardTo: [upstream.address] })
  const asked = under.resolver.resolve4('www.example.com')
  asked.catch(() => {})
  await under.dns[Symbol.asyncDispose]()
  under.resolver.cancel()
  await assert.rejects(asked)
  await under[Symbol.asyncDispose]()
})
