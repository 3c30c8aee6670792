import { Pod } from '#api'
import type { ByteSource } from '#apiserver'
import type { Clock } from '#base'
import { objectKey, type Informer } from '#client'
import { quote, type ObjectOf } from '#machinery'
import { containerRun, type ContainerRun } from './container-log.ts'
import { logQuery } from './log-query.ts'
import { logStream } from './log-stream.ts'

/** A request to the server of a node's kubelet. */
export interface KubeletRequest {
  /** Undefined: any of the simulated nodes. */
  readonly node: string | undefined
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
}

export interface KubeletReply {
  readonly code: number
  readonly contentType: string
  readonly body: string | ByteSource
}

export interface KubeletApiOptions {
  readonly clock: Clock
  readonly pods: Informer<ObjectOf<typeof Pod>>
  /** Whether a node is one of the simulated ones and alive. */
  readonly isAlive: (node: string) => boolean
}

/** Logs that are followed at once, of all simulated nodes. */
const followersMax = 10_000
const nodeIndex = 'simulation.node'

/**
 * The API of all simulated kubelets, without transport: logs, pods, health and metrics. What needs a
 * container is refused by saying that there is none. It holds nothing but who follows a log.
 */
export class KubeletApi {
  readonly #options: KubeletApiOptions
  readonly #followers = new Map<string, Set<() => void>>()
  #followed = 0
  #indexed = false
  #closed = false

  constructor(options: KubeletApiOptions) {
    this.#options = options
  }

  /** The pod has changed, or is gone: whoever follows its logs looks. */
  changed(pod: ObjectOf<typeof Pod>): void {
    if (this.#followed === 0) return
    for (const wake of this.#followers.get(objectKey(pod)) ?? []) wake()
  }

  /** A node has died: whoever follows logs there looks, and finds the connection broken. */
  nodeDied(): void {
    for (const followers of this.#followers.values()) for (const wake of followers) wake()
  }

  /** Ends the logs that are followed. */
  close(): void {
    this.#closed = true
    this.nodeDied()
  }

  answer(request: KubeletRequest): KubeletReply {
    const [, root = '', namespace = '', name = '', container = ''] = request.path.split('/')
    if (streams.has(root)) return refused(501, noContainers(request.node))
    if (request.method !== 'GET') return refused(405, '405: Method Not Allowed')
    switch (root) {
      case 'healthz':
        return text('ok')
      case 'metrics':
        return { ...text(this.#metrics(request.node)), contentType: metricsType }
      case 'pods':
        return json({
          kind: 'PodList',
          apiVersion: 'v1',
          metadata: {},
          items: this.#podsOf(request.node),
        })
      case 'containerLogs':
        return this.#log({ namespace, name, container }, request)
      default:
        return refused(404, '404 page not found')
    }
  }

  #log(
    { namespace, name, container }: Record<'namespace' | 'name' | 'container', string>,
    { node, query }: KubeletRequest,
  ): KubeletReply {
    const pod = this.#find(namespace, name, node)
    if (pod === undefined) return refused(404, `pod ${quote(name)} does not exist`)
    if (!hasContainer(pod, container)) {
      return refused(404, `container ${quote(container)} not found in pod ${quote(name)}`)
    }
    try {
      return this.#openLog(pod, container, query)
    } catch (error) {
      return refused(400, error instanceof Error ? error.message : String(error))
    }
  }

  #openLog(pod: ObjectOf<typeof Pod>, container: string, given: URLSearchParams): KubeletReply {
    const { clock } = this.#options
    const query = logQuery(given, clock.now())
    const first = containerRun(pod, container, query.previous)
    if (query.follow && this.#followed >= followersMax) return refused(429, 'too many followers')
    const body = logStream({
      clock,
      query,
      run: () => this.#sameRun(pod, first, query.previous),
      subscribe: (wake) => (query.follow ? this.#follow(objectKey(pod), wake) : () => {}),
    })
    return { code: 200, contentType: 'text/plain', body }
  }

  /**
   * The run as it stands now: once there is another, it has ended, and is the one before. Throws when
   * the node has died.
   */
  #sameRun(
    { metadata }: ObjectOf<typeof Pod>,
    first: ContainerRun,
    previous: boolean,
  ): ContainerRun | undefined {
    const { namespace = '', name = '', uid } = metadata
    const pod = this.#options.pods.lister.get(namespace, name)
    if (this.#closed || pod === undefined || pod.metadata.uid !== uid) return undefined
    if (!this.#options.isAlive(pod.spec.nodeName ?? '')) throw new Error('connection reset by peer')
    for (const before of previous ? [true] : [false, true]) {
      try {
        const run = containerRun(pod, first.container, before)
        if (run.startedMs === first.startedMs) return run
      } catch {
        // It waits, or there was none before.
      }
    }
    return undefined
  }

  #follow(key: string, wake: () => void): () => void {
    const followers = this.#followers.get(key) ?? new Set()
    this.#followers.set(key, followers.add(wake))
    this.#followed++
    return () => {
      if (!followers.delete(wake)) return
      this.#followed--
      if (followers.size === 0 && this.#followers.get(key) === followers)
        this.#followers.delete(key)
    }
  }

  #find(namespace: string, name: string, node: string | undefined) {
    const pod = this.#options.pods.lister.get(namespace, name)
    const on = pod?.spec.nodeName ?? ''
    return this.#options.isAlive(on) && (node ?? on) === on ? pod : undefined
  }

  #podsOf(node: string | undefined): readonly ObjectOf<typeof Pod>[] {
    const { pods, isAlive } = this.#options
    if (node === undefined) {
      return pods.lister.list().filter(({ spec }) => isAlive(spec.nodeName ?? ''))
    }
    // Made when it is first asked for: most clusters never do.
    if (!this.#indexed) pods.addIndex(nodeIndex, nodeOf)
    this.#indexed = true
    return pods.lister.byIndex(nodeIndex, node)
  }

  #metrics(node: string | undefined): string {
    const pods = this.#podsOf(node).filter(({ status }) => status.phase === 'Running')
    const containers = pods.flatMap(({ status }) => status.containerStatuses ?? [])
    const running = containers.filter(({ state }) => state?.running !== undefined)
    return [
      '# HELP kubelet_running_pods Number of pods that have a running pod sandbox',
      '# TYPE kubelet_running_pods gauge',
      `kubelet_running_pods ${pods.length}`,
      '# HELP kubelet_running_containers Number of containers currently running',
      '# TYPE kubelet_running_containers gauge',
      `kubelet_running_containers{container_state="running"} ${running.length}`,
      '',
    ].join('\n')
  }
}

/** What needs a container. */
const streams: ReadonlySet<string> = new Set(['exec', 'attach', 'portForward', 'run'])

/** Says why there is nothing to run a command in; without a colon, which kubectl takes for YAML. */
function noContainers(node: string | undefined): string {
  return `node ${quote(node ?? '')} is simulated, it has no containers to connect to but only their logs`
}

const metricsType = 'text/plain; version=0.0.4; charset=utf-8'

function nodeOf({ spec }: ObjectOf<typeof Pod>): readonly string[] {
  return [spec.nodeName ?? '']
}

function hasContainer({ spec }: ObjectOf<typeof Pod>, container: string): boolean {
  const all = [...(spec.containers ?? []), ...(spec.initContainers ?? [])]
  return all.some(({ name }) => name === container)
}

function text(body: string): KubeletReply {
  return { code: 200, contentType: 'text/plain; charset=utf-8', body }
}

function refused(code: number, body: string): KubeletReply {
  return { code, contentType: 'text/plain; charset=utf-8', body: `${body}\n` }
}

function json(value: object): KubeletReply {
  return { code: 200, contentType: 'application/json', body: JSON.stringify(value) }
}
