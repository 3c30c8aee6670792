import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConfigMap } from '#api'
import { formatTime, silentLog, VirtualClock } from '#base'
import { Client, ConnectionError, type Call, type Transport } from '#client'
import { errors } from '#machinery'
import { ServiceAccountClients } from './service-account-clients.ts'

const accounts = { group: '', resource: 'serviceaccounts' }
const hourMs = 3_600_000

/** An API server that knows one token at a time: the last it gave away. */
class FakeServer {
  readonly clock = new VirtualClock()
  /** What the controller manager asked for. */
  readonly asked: string[] = []
  isThere = true
  reachable = true
  token = ''
  #issued = 0

  get clients(): ServiceAccountClients {
    const { clock } = this
    const client = new Client(
      transport((call) => this.#asManager(call)),
      clock,
    )
    const transportFor = (account: string, token: () => string) =>
      transport(() => this.#asAccount(account, token()))
    return new ServiceAccountClients({ clock, log: silentLog, client, transportFor })
  }

  #asManager({ method, path }: Call): unknown {
    if (!this.reachable) throw new ConnectionError('Unreachable', 'nobody is there')
    this.asked.push(`${method} ${path.replace('/api/v1/namespaces/kube-system/', '')}`)
    if (!path.endsWith('/token')) {
      this.isThere = true
      return {}
    }
    if (!this.isThere) throw errors.notFound(accounts, 'a')
    this.token = `token-${++this.#issued}`
    const expirationTimestamp = formatTime(this.clock.now() + hourMs)
    return { status: { token: this.token, expirationTimestamp } }
  }

  #asAccount(account: string, token: string): unknown {
    if (token !== this.token) throw errors.unauthorized('Unauthorized')
    return { metadata: { name: `${account} by ${token}` } }
  }
}

function transport(send: (call: Call) => unknown): Transport {
  return {
    send: async (call) => send(call),
    watch: () => assert.fail('nobody watches'),
    [Symbol.asyncDispose]: async () => {},
  }
}

const never = new AbortController().signal
const issue = 'POST serviceaccounts/a/token'

async function ask(clients: ServiceAccountClients): Promise<string | undefined> {
  const { metadata } = await clients.of('a').resource(ConfigMap).namespace('default').get('x')
  return metadata.name
}

describe('clients of service accounts', () => {
  it('make an account that is missing, once', async () => {
    const server = new FakeServer()
    server.isThere = false
    await using clients = server.clients
    await clients.prepare(['a', 'a'], never)
    assert.deepEqual(server.asked, [issue, 'POST serviceaccounts', issue])
    assert.equal(await ask(clients), 'a by token-1')
  })

  it('renew tokens before their end', async () => {
    const server = new FakeServer()
    await using clients = server.clients
    await clients.prepare(['a'], never)
    await server.clock.advance(hourMs * 0.79)
    assert.equal(await ask(clients), 'a by token-1')
    await server.clock.advance(hourMs * 0.02)
    assert.equal(await ask(clients), 'a by token-2')
    server.reachable = false
    await server.clock.advance(hourMs)
    server.reachable = true
    await server.clock.advance(2_000)
    assert.equal(await ask(clients), 'a by token-3')
  })

  it('replace a token that is refused, once for all calls', async () => {
    const server = new FakeServer()
    await using clients = server.clients
    await clients.prepare(['a'], never)
    server.token = 'forgotten'
    server.asked.length = 0
    assert.deepEqual(await Promise.all([ask(clients), ask(clients)]), [
      'a by token-2',
      'a by token-2',
    ])
    assert.deepEqual(server.asked, [issue])
  })

  it('wait for a server that is not there, until told to stop', async () => {
    const server = new FakeServer()
    server.reachable = false
    await using clients = server.clients
    const stop = new AbortController()
    const prepared = clients.prepare(['a'], stop.signal)
    const refused = assert.rejects(prepared, /enough/)
    await server.clock.advance(10_000)
    stop.abort(new Error('enough'))
    await refused
  })
})
