import { httpsTransport, Informers } from '#client'
import {
  controllers,
  runControllers,
  type Controller,
  type ControllerOptions,
  type RunningControllers,
} from '#controllers'
import { PkiError } from '#pki'
import { ClusterError } from '../error.ts'
import {
  startComponent,
  type Component,
  type ComponentOptions,
  type ComponentServices,
  type Prepared,
} from './component.ts'
import { chooseControllers } from './controller-names.ts'
import { ServiceAccountClients } from './service-account-clients.ts'

export interface ControllerManagerOptions extends ComponentOptions {
  /** Which controllers run, as upstream's --controllers says it: `*`, `name`, `-name`. */
  readonly chosen: readonly string[]
  /** Where no root CA is given, it is the kubeconfig's. */
  readonly controllers: ControllerOptions
  /** Each controller acts as its own service account, and not as the kubeconfig's user. */
  readonly useServiceAccountCredentials: boolean
}

const name = 'kube-controller-manager'

/**
 * Runs controllers in this process against any Kubernetes API server, as kube-controller-manager
 * does. With service account credentials it needs what the ClusterRole
 * system:kube-controller-manager allows; without them, what all of its controllers need. Rejects
 * with a ClusterError.
 */
export function startControllerManagerAlone(options: ControllerManagerOptions): Promise<Component> {
  return startComponent(options, {
    name,
    eventSource: name,
    prepare: (services) => new AloneManager(services, options),
  })
}

class AloneManager implements Prepared {
  readonly #services: ComponentServices
  readonly #useAccounts: boolean
  readonly #controllers: readonly Controller[]
  #running: RunningControllers | undefined
  #state: 'waiting' | 'syncing' | 'synced' = 'waiting'

  constructor(services: ComponentServices, options: ControllerManagerOptions) {
    this.#services = services
    this.#useAccounts = options.useServiceAccountCredentials
    const { ca } = services.endpoint
    const rootCa = ca === undefined ? {} : { rootCa: ca }
    // As upstream's: there, and off until they are named.
    const bootstrapTokens = true
    const available = availableWith({ ...rootCa, bootstrapTokens, ...options.controllers })
    this.#controllers = chooseControllers(available, options.chosen)
  }

  /** One that waits for the lead has nothing to get ready for. */
  unready(): string | undefined {
    return this.#state === 'syncing'
      ? 'the controllers do not know the present state yet'
      : undefined
  }

  metrics(): string {
    return this.#running?.metrics.text() ?? ''
  }

  async work(signal: AbortSignal): Promise<void> {
    const { clock, random, log, client, endpoint, broadcaster } = this.#services
    const stopped = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    this.#state = 'syncing'
    await using undo = new AsyncDisposableStack()
    const accounts = undo.use(
      new ServiceAccountClients({
        clock,
        log,
        client,
        transportFor(account, token) {
          // A certificate would go before the token.
          const bearer = { ...endpoint, certificate: undefined, key: undefined, token }
          return httpsTransport(bearer, { clock, userAgent: `${name}/${account}` })
        },
      }),
    )
    if (this.#useAccounts) {
      const named = this.#controllers.flatMap(({ account }) => account ?? [])
      await accounts.prepare(named, signal)
    }
    const informers = undo.use(new Informers(client, { clock, random, log }))
    const clientFor = (account: string | undefined) =>
      account === undefined || !this.#useAccounts ? client : accounts.of(account)
    const running = runControllers(this.#controllers, {
      clock,
      random,
      log,
      informers,
      clientFor: (account) => clientFor(account).until(signal),
      eventsFor: (component) => broadcaster.recorder({ component }),
    })
    undo.defer(() => running.stop())
    this.#running = running
    await informers.start(signal)
    await running.whenSynced()
    this.#state = 'synced'
    await stopped
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

function availableWith(options: ControllerOptions): readonly Controller[] {
  try {
    return controllers(options)
  } catch (error) {
    if (!(error instanceof PkiError)) throw error
    throw new ClusterError(`a key or certificate cannot be used: ${error.message}`, {
      cause: error,
    })
  }
}
