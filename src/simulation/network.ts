import type { Answer, ApiHandler, ApiRequest, WatchAnswer, WatchEvent, WatchSink } from '#apiserver'
import type { Clock, Random } from '#base'
import { ConnectionError } from '#client'
import { errors, type Status, type StatusError } from '#machinery'
import type { SimulatedProcess } from './process.ts'

/** What a network does to those who use it. Rates are probabilities in [0, 1]. */
export interface NetworkFaults {
  /** Each way of each call takes a random time up to this. */
  readonly delayMaxMs: number
  /** The request never arrives; the caller learns so by a timeout. */
  readonly lostRequestRate: number
  /** The request took effect, but the caller gets a timeout. */
  readonly lostReplyRate: number
  /** The server is too busy, or something before it: 429, 500, 503, 504. */
  readonly refusedRate: number
  /** A PUT or PATCH meets a conflict, as with a concurrent writer. */
  readonly conflictRate: number
  /** Each delivery of a watch waits a random time up to this, in order. */
  readonly watchDelayMaxMs: number
  /** A delivery breaks off somewhere within and the stream ends. */
  readonly watchCutRate: number
}

export const calmNetwork: NetworkFaults = {
  delayMaxMs: 0,
  lostRequestRate: 0,
  lostReplyRate: 0,
  refusedRate: 0,
  conflictRate: 0,
  watchDelayMaxMs: 0,
  watchCutRate: 0,
}

/** What the in-process transport calls. */
export type Answering = Pick<ApiHandler, 'answer'>

/** After this a caller gives a lost call up. */
const timeoutMs = 10_000
/** A connection that is refused is refused at once, or nearly so. */
const refusalMs = 20
/** After this a client notices that nothing answers at the other end of its streams. */
const silenceMaxMs = 45_000

/**
 * The way from simulated processes to a simulated API server, which may be away. Everything it does
 * to them is within the API's promises: calls fail, are late and overtake each other; replies get
 * lost after the write has happened; watch streams lag and end, but bring what they bring whole
 * and in order. All from one seeded source of chance and virtual time.
 */
export class SimulatedNetwork {
  faults: NetworkFaults = calmNetwork
  readonly #clock: Clock
  readonly #random: Random
  #server: Answering | undefined
  /** Ends what is under way when the server goes. */
  readonly #underWay = new Set<() => void>()
  /** Processes that nothing reaches, and that reach nobody, and what ends their streams. */
  readonly #separated = new Map<string, Set<() => void>>()

  constructor(options: { readonly clock: Clock; readonly random: Random }) {
    this.#clock = options.clock
    this.#random = options.random
  }

  connect(server: Answering): void {
    this.#server = server
  }

  /** The server is gone: calls under way are cut off, streams end. */
  disconnect(): void {
    this.#server = undefined
    const cuts = [...this.#underWay]
    this.#underWay.clear()
    for (const cut of cuts) cut()
  }

  /**
   * Parts a process from everybody: its calls, and replies under way, get lost; its streams fall
   * silent. They end when it is joined again, or when it notices that nothing answers any more.
   */
  separate(name: string): void {
    if (!this.#separated.has(name)) this.#separated.set(name, new Set())
  }

  join(name: string): void {
    const broken = this.#separated.get(name) ?? []
    this.#separated.delete(name)
    for (const cut of broken) cut()
  }

  get separated(): readonly string[] {
    return [...this.#separated.keys()]
  }

  /** Where a process finds the API server. */
  endpoint(process: SimulatedProcess): Answering {
    return { answer: (request) => this.#answer(process, request) }
  }

  async #answer(process: SimulatedProcess, request: ApiRequest): Promise<Answer> {
    await this.#travel()
    if (!process.alive) return never()
    if (this.#separated.has(process.name)) return this.#timeout()
    const { lostRequestRate, lostReplyRate, refusedRate, conflictRate } = this.faults
    if (this.#happens(lostRequestRate)) return this.#timeout()
    if (this.#happens(refusedRate)) return statusAnswer(this.#refusal())
    const changes = request.method === 'PUT' || request.method === 'PATCH'
    if (changes && this.#happens(conflictRate)) return statusAnswer(conflict(request))
    const server = this.#server
    if (server === undefined) {
      await this.#clock.sleep(refusalMs)
      throw new ConnectionError('Unreachable', 'connection refused')
    }
    const answer = await this.#orCut(server.answer(request))
    if (answer.type === 'watch') return this.#relayed(process, answer)
    // A binding that is unknown to have happened may be made twice over before its pod is seen: a
    // race upstream has as well and leaves to the kubelet, which these nodes do not play.
    const isBinding = request.path.endsWith('/binding')
    if (!isBinding && this.#happens(lostReplyRate)) return this.#timeout()
    await this.#travel()
    if (!isBinding && this.#separated.has(process.name)) return this.#timeout()
    return process.alive ? answer : never()
  }

  #relayed(process: SimulatedProcess, answer: WatchAnswer): WatchAnswer {
    return {
      ...answer,
      open: (sink) => {
        const relay = new Relay(sink, process, {
          clock: this.#clock,
          delayMs: () => this.#random.fraction() * this.faults.watchDelayMaxMs,
          keeps: (count) =>
            this.#happens(this.faults.watchCutRate) ? this.#random.integer(count + 1) : undefined,
          isSilent: () => this.#fallsSilent(process, cut),
          over: () => this.#underWay.delete(cut),
        })
        const cut = () => relay.cut()
        this.#underWay.add(cut)
        relay.follow(answer.open(relay))
        return relay
      },
    }
  }

  /** A stream with a delivery: its end is on the way where that does not arrive. */
  #fallsSilent({ name }: SimulatedProcess, cut: () => void): boolean {
    const broken = this.#separated.get(name)
    if (broken === undefined) return false
    if (!broken.has(cut)) this.#clock.timer(silenceMaxMs, cut)
    broken.add(cut)
    return true
  }

  async #travel(): Promise<void> {
    const { delayMaxMs } = this.faults
    if (delayMaxMs > 0) await this.#clock.sleep(this.#random.fraction() * delayMaxMs)
  }

  async #timeout(): Promise<never> {
    await this.#clock.sleep(timeoutMs)
    throw new ConnectionError('Timeout', 'no answer within the limit')
  }

  #orCut(answer: Promise<Answer>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const cut = () => reject(new ConnectionError('Interrupted', 'the connection broke'))
      this.#underWay.add(cut)
      answer.then(resolve, reject).finally(() => this.#underWay.delete(cut))
    })
  }

  #refusal(): StatusError {
    switch (this.#random.integer(4)) {
      case 0:
        return errors.tooManyRequests('the server has received too many requests', 1)
      case 1:
        return errors.internalError('simulated')
      case 2:
        return errors.serviceUnavailable('the server is currently unable to handle the request')
      default:
        return errors.timeoutError('simulated')
    }
  }

  #happens(rate: number): boolean {
    return rate > 0 && this.#random.fraction() < rate
  }
}

interface RelayOptions {
  readonly clock: Clock
  delayMs(): number
  /** How many events of a delivery arrive before the stream breaks; undefined: it goes on. */
  keeps(count: number): number | undefined
  /** Nothing arrives, and what does not arrive now never does. */
  isSilent(): boolean
  over(): void
}

/** One watch stream on its way. */
class Relay implements WatchSink {
  readonly #sink: WatchSink
  readonly #process: SimulatedProcess
  readonly #options: RelayOptions
  readonly #waiting: (() => void)[] = []
  #dueMs = 0
  #source: { close(): void } | undefined
  #over = false
  /** What has once been lost is followed by nothing but the end. */
  #silent = false

  constructor(sink: WatchSink, process: SimulatedProcess, options: RelayOptions) {
    this.#sink = sink
    this.#process = process
    this.#options = options
  }

  follow(source: { close(): void }): void {
    if (this.#over) source.close()
    else this.#source = source
  }

  events(events: readonly WatchEvent[]): void {
    this.#silent ||= this.#options.isSilent()
    if (this.#silent) return
    const kept = this.#options.keeps(events.length)
    if (kept === undefined) return this.#deliver(() => this.#sink.events(events))
    this.#deliver(() => {
      this.#sink.events(events.slice(0, kept))
      this.cut()
    })
  }

  end(error?: Status): void {
    this.#deliver(() => this.#finish(error))
  }

  /** Nothing more arrives. */
  cut(): void {
    this.#finish(undefined)
  }

  close(): void {
    if (this.#over) return
    this.#over = true
    this.#source?.close()
    this.#options.over()
  }

  #finish(error: Status | undefined): void {
    if (this.#over) return
    this.close()
    if (this.#process.alive) this.#sink.end(error)
  }

  /** Each delivery after the one before. */
  #deliver(run: () => void): void {
    const { clock } = this.#options
    this.#dueMs = Math.max(this.#dueMs, clock.elapsed() + this.#options.delayMs())
    if (this.#waiting.length === 0 && this.#dueMs <= clock.elapsed()) return this.#run(run)
    this.#waiting.push(run)
    clock.timer(this.#dueMs - clock.elapsed(), () => {
      const next = this.#waiting.shift()
      if (next !== undefined) this.#run(next)
    })
  }

  #run(deliver: () => void): void {
    if (!this.#over && this.#process.alive) deliver()
  }
}

function statusAnswer(error: StatusError): Answer {
  return { type: 'status', code: error.code, status: error.status }
}

function conflict(request: ApiRequest): StatusError {
  const name = decodeURIComponent(request.path.split('/').at(-1) ?? '')
  return errors.conflict({ group: '', resource: 'simulated' }, name, 'the object has been modified')
}

function never(): Promise<never> {
  return new Promise(() => {})
}
