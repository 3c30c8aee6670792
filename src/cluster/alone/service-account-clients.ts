import { ServiceAccount } from '#api'
import { asError, parseTime, type Clock, type Log, type Timer } from '#base'
import { Client, type Transport } from '#client'
import { hasReason } from '#machinery'

export interface ServiceAccountClientsOptions {
  readonly clock: Clock
  readonly log: Log
  /** Asks for tokens and makes accounts that are missing: the controller manager. */
  readonly client: Client
  /** A way to the API server with the token that is current at each call, and no other identity. */
  readonly transportFor: (account: string, token: () => string) => Transport
}

/**
 * Clients that act as service accounts of kube-system, by tokens of the TokenRequest API, which are
 * renewed for as long as the clients are there (upstream's --use-service-account-credentials).
 */
export class ServiceAccountClients implements AsyncDisposable {
  readonly #options: ServiceAccountClientsOptions
  readonly #clients = new Map<string, { readonly client: Client; readonly token: AccountToken }>()

  constructor(options: ServiceAccountClientsOptions) {
    this.#options = options
  }

  /** Makes clients for these accounts; tries until all have a token. Rejects when the signal fires. */
  async prepare(accounts: Iterable<string>, signal: AbortSignal): Promise<void> {
    const tokens: AccountToken[] = []
    for (const account of accounts) {
      if (this.#clients.has(account)) continue
      const token = new AccountToken(account, this.#options)
      this.#clients.set(account, { client: this.#clientOf(account, token), token })
      tokens.push(token)
    }
    await Promise.all(tokens.map((token) => token.first(signal)))
  }

  /** Of an account that was prepared. */
  of(account: string): Client {
    const found = this.#clients.get(account)
    if (found === undefined) throw new TypeError(`service account ${account} was not prepared`)
    return found.client
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { client, token } of this.#clients.values()) {
      token.stop()
      await client[Symbol.asyncDispose]()
    }
  }

  #clientOf(account: string, token: AccountToken): Client {
    const { clock, transportFor } = this.#options
    const transport = transportFor(account, () => token.value)
    return new Client(renewing(transport, token), clock)
  }
}

/** A token that the server knows no more is replaced at once, such as after its account was. */
function renewing(transport: Transport, token: AccountToken): Transport {
  return {
    async send(call) {
      const used = token.value
      try {
        return await transport.send(call)
      } catch (error) {
        if (!hasReason(error, 'Unauthorized')) throw error
        if (token.value === used) await token.renew()
        return transport.send(call)
      }
    },
    watch: (call, receiver) => transport.watch(call, receiver),
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  }
}

const namespace = 'kube-system'
const lifetimeSeconds = 3600
/** A token is replaced when this part of its life is over. */
const renewAfter = 0.8
const retryMs = 2_000

class AccountToken {
  /** Empty before the first one is there. */
  value = ''
  readonly #account: string
  readonly #options: ServiceAccountClientsOptions
  #renewing: Promise<void> | undefined
  #timer: Timer | undefined
  #stopped = false

  constructor(account: string, options: ServiceAccountClientsOptions) {
    this.#account = account
    this.#options = options
  }

  async first(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options
    while (this.value === '') {
      signal.throwIfAborted()
      try {
        await this.renew()
      } catch (error) {
        this.#warn(error)
        await clock.sleep(retryMs, signal)
      }
    }
  }

  /** One request at a time, whoever asks. */
  renew(): Promise<void> {
    this.#renewing ??= this.#request().finally(() => {
      this.#renewing = undefined
    })
    return this.#renewing
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  async #request(): Promise<void> {
    const { client, clock } = this.#options
    const accounts = client.resource(ServiceAccount).namespace(namespace)
    const tokens = accounts.subresource<IssuedToken>('token')
    const request = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: lifetimeSeconds },
    }
    let issued: IssuedToken
    try {
      issued = await tokens.create(this.#account, request)
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error
      await accounts.create({ metadata: { name: this.#account, namespace } }).catch(unlessThere)
      issued = await tokens.create(this.#account, request)
    }
    const { token, expirationTimestamp } = issued.status
    this.value = token
    const now = clock.now()
    const endsAt = parseTime(expirationTimestamp ?? '') ?? now + lifetimeSeconds * 1000
    this.#renewIn(Math.max(retryMs, (endsAt - now) * renewAfter))
  }

  #renewIn(delayMs: number): void {
    this.#timer?.cancel()
    if (this.#stopped) return
    const again = () => {
      this.renew().catch((error: unknown) => {
        this.#warn(error)
        this.#renewIn(retryMs)
      })
    }
    this.#timer = this.#options.clock.timer(delayMs, again, { unref: true })
  }

  #warn(error: unknown): void {
    if (this.#stopped) return
    this.#options.log.warn('a service account got no token and asks again', {
      account: `${namespace}/${this.#account}`,
      error: asError(error).message,
    })
  }
}

interface IssuedToken {
  readonly status: { readonly token: string; readonly expirationTimestamp?: string | null }
}

function unlessThere(error: unknown): void {
  if (!hasReason(error, 'AlreadyExists')) throw error
}
