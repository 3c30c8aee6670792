import { seededRandom, silentLog, VirtualClock, type Clock, type Log, type Random } from '#base'
import type { Controller, ControllerOptions } from '#controllers'
import { memoryPki, privateKeyToPem } from '#pki'
import { SimulatedNetwork, SimulatedProcess, type Answering } from '#simulation'
import { StoreError } from '#store'
import type { Journal, JournalBatch } from '../../src/store/journal.ts'
import { SimulatedDisk } from '../../src/store/testing/simulated-disk.ts'
import { CallChecker } from './call-checker.ts'
import { busy, unconverged, watchedByControllers, watchedByScheduler } from './convergence.ts'
import type { Elected } from './elected.ts'
import { Faults, usualLatencyMs } from './faults.ts'
import { describeChange, History, RecordingJournal } from './history.ts'
import { Invariants } from './invariants.ts'
import { checkingLead, type Candidate } from './leases.ts'
import {
  administrator,
  controllerLease,
  schedulerLease,
  startApiProcess,
  startControllers,
  startNodes,
  startSchedulerProcess,
  type CandidateOptions,
  type Component,
} from './processes.ts'
import { Supervisor } from './supervisor.ts'
import { Workload } from './workload.ts'

export interface ScenarioOptions {
  readonly seed: number
  /** Things that are done or go wrong before all is left to settle. */
  readonly steps: number
  /** A planted bug; none where absent. */
  readonly mutation?: Mutation | undefined
  /** Hears of every step. */
  readonly tell?: ((line: string) => void) | undefined
}

/** A defect planted into the cluster at one of its seams, to see that the checkers find it. */
export interface Mutation {
  readonly name: string
  /** Below the engine and above the disk. */
  readonly journal?: (journal: Journal) => Journal
  /** Between the network and the API server. */
  readonly server?: (api: Answering, random: Random) => Answering
  /** Between a program and what its calls are checked by. */
  readonly program?: (name: string, api: Answering, services: MutantServices) => Answering
  /** Controllers that run. */
  readonly controllers?: (controller: Controller) => boolean
}

export interface MutantServices {
  readonly clock: Clock
  readonly random: Random
}

export interface Outcome {
  readonly seed: number
  /** Undefined where all held. */
  readonly problem: string | undefined
  /** At which step it was found. */
  readonly step: number
  /** Of the store's whole history. */
  readonly digest: string
  readonly changes: number
  readonly checkedCalls: number
  readonly simulatedMs: number
}

const nodeCount = 3
const stepMaxMs = 8_000
const lullMs = 45_000
/** Work queues wait up to a thousand seconds before they try again. */
const convergenceMaxMs = 45 * 60_000
const pollMs = 20_000
const quietMs = 2 * 60_000
const startMaxMs = 60_000
/** What the wall clocks of the candidates' machines may be wrong by. */
const skewMaxMs = 30_000

/**
 * Runs a whole cluster under virtual time: drawn from the seed, things are done to it and go wrong;
 * then nothing more goes wrong and it must converge. Checkers look at every call and every change.
 * The same seed and steps give the same history, byte for byte. Ends at the first problem.
 */
export async function runScenario(options: ScenarioOptions): Promise<Outcome> {
  const { seed, steps, tell = () => {} } = options
  const clock = new VirtualClock()
  const random = seededRandom(seed)
  let step = 0
  const say = (line: string) =>
    tell(`${String(step).padStart(4)} ${(clock.elapsed() / 1000).toFixed(1).padStart(8)} s ${line}`)
  const cluster = new SimulatedCluster(clock, options, say)
  const outcome = () => ({
    seed,
    step,
    problem: cluster.problems[0],
    digest: cluster.history.digest(),
    changes: cluster.history.length,
    checkedCalls: cluster.calls.checked,
    simulatedMs: clock.elapsed(),
  })
  const failed = () => cluster.problems.length > 0
  for (let at = 0; at < startMaxMs && !cluster.isUp; at += 100) await clock.advance(100)
  if (!cluster.isUp) return { ...outcome(), problem: 'the cluster did not start' }
  for (step = 1; step <= steps && !failed(); step++) {
    if (random.integer(4) === 0) say(cluster.faults.step())
    else {
      const deed = cluster.workload.step()
      say(deed.name)
      void deed.done.then(() => say(`  ${deed.name} ended`))
    }
    await clock.advance(pauseMs(random))
  }
  if (failed()) return outcome()
  say('all is well from now on')
  cluster.faults.heal()
  const since = clock.elapsed()
  let open: string[] = []
  do {
    void cluster.workload.settle()
    await clock.advance(pollMs)
    open = cluster.unconverged()
  } while (open.length > 0 && !failed() && clock.elapsed() - since < convergenceMaxMs)
  say(`converged after ${(clock.elapsed() - since) / 1000} s, ${open.length} open`)
  if (open.length > 0) cluster.report(`did not converge: ${open.slice(0, 10).join('; ')}`)
  const before = cluster.history.length
  await clock.advance(quietMs)
  for (const problem of busy(cluster.history, before)) cluster.report(problem)
  cluster.workload.checkCounters()
  return outcome()
}

/** Things come at once, one after another, and sometimes after all has settled. */
function pauseMs(random: Random): number {
  const kind = random.integer(12)
  if (kind < 3) return 0
  return kind === 3 ? lullMs : random.integer(stepMaxMs)
}

/** Every program of a cluster, the network between them, and those who watch that all is right. */
class SimulatedCluster {
  readonly problems: string[] = []
  readonly history: History
  readonly calls: CallChecker
  readonly workload: Workload
  readonly faults: Faults
  readonly #server: Supervisor<Answering>
  readonly #controllers: readonly Supervisor<Elected>[]
  readonly #schedulers: readonly Supervisor<Elected>[]
  readonly #nodes

  constructor(
    clock: VirtualClock,
    { seed, mutation = { name: 'none' } }: ScenarioOptions,
    tell: (line: string) => void,
  ) {
    // One source for each, so that what one of them asks does not change what others get.
    const random = (of: number) => seededRandom(seed * 16 + of)
    const report = (problem: string) => this.report(problem)
    const log = loudLog(report)
    const invariants = new Invariants(
      (this.history = new History((change) => {
        tell(`  ${describeChange(change)}`)
        invariants.heard(change)
      })),
      report,
    )
    this.calls = new CallChecker(this.history, report)

    const diskSpeed = { latencyMaxMs: usualLatencyMs }
    const disk = new SimulatedDisk({
      clock,
      random: random(1),
      get latencyMaxMs() {
        return diskSpeed.latencyMaxMs
      },
    })
    const network = new SimulatedNetwork({ clock, random: random(2) })
    const pki = memoryPki({
      clock,
      random: random(3),
      keyType: 'ed25519',
      hostName: 'simulated',
      serviceIps: [],
    })
    const mutant = random(4)
    const chance = random(5)
    const services = { random: chance, log }
    const apiOf = (process: SimulatedProcess, candidate?: Candidate) => {
      const calls = this.calls.checking(process.name, network.endpoint(process))
      const checked =
        candidate === undefined
          ? calls
          : checkingLead(candidate, calls, { history: this.history, report })
      return (
        mutation.program?.(process.name, checked, { clock: process.clock, random: mutant }) ??
        checked
      )
    }

    let unsure: JournalBatch | undefined
    let recording: RecordingJournal | undefined
    this.#server = new Supervisor({
      name: 'server',
      clock,
      random: random(6),
      log,
      start: async (process) => {
        recording = new RecordingJournal(disk.journal(), this.history, unsure)
        const api = await startApiProcess({
          ...services,
          process,
          journal: mutation.journal?.(recording) ?? recording,
          serviceAccountKey: privateKeyToPem(pki.serviceAccount.privateKey),
          onFatal: () => this.#server.crash(),
        })
        const answering = {
          answer: (request: Parameters<typeof api.answer>[0]) => api.answer(request),
        }
        const server = mutation.server?.(answering, mutant) ?? answering
        network.connect(server)
        return server
      },
      stopped: () => {
        unsure = recording?.inFlight
        disk.crash()
        network.disconnect()
      },
    })
    const program = <T>(
      name: string,
      of: number,
      start: (process: SimulatedProcess) => Promise<T>,
    ) => new Supervisor<T>({ name, clock, random: random(of), log, start })
    const controllerOptions: ControllerOptions = {
      rootCa: pki.ca.certificate.pem,
      serviceAccountKey: privateKeyToPem(pki.serviceAccount.privateKey),
      signingCa: {
        certificate: pki.ca.certificate.pem,
        key: privateKeyToPem(pki.ca.key.privateKey),
      },
      clusterCidrs: ['10.42.0.0/16'],
      serviceCidrs: ['10.43.0.0/16'],
    }
    const candidates = (
      lease: string,
      of: number,
      start: (options: CandidateOptions) => Elected,
    ): Supervisor<Elected>[] =>
      [0, 1].map(
        (index) =>
          new Supervisor<Elected>({
            name: `${lease}-${index}`,
            clock,
            skewMaxMs,
            random: random(of + index),
            log,
            start: async (process, signal) => {
              const identity = `${process.name}_${chance.uuid()}`
              return start({
                ...services,
                process,
                signal,
                identity,
                api: apiOf(process, { lease, identity }),
              })
            },
            ended: (running) => running.ended,
          }),
      )
    this.#controllers = candidates(controllerLease, 12, (options) =>
      startControllers({
        ...options,
        controllers: controllerOptions,
        keep: mutation.controllers ?? (() => true),
      }),
    )
    this.#schedulers = candidates(schedulerLease, 14, startSchedulerProcess)
    this.#nodes = program('nodes', 9, (process) =>
      startNodes({ ...services, process, api: apiOf(process), count: nodeCount }),
    )
    const outside = new SimulatedProcess('administrator', clock)
    this.workload = new Workload({
      client: administrator({ ...services, process: outside, api: apiOf(outside) }),
      clock,
      random: random(10),
      history: this.history,
      report,
      disturb: (done) => void invariants.disturb(done),
    })
    const nodes = () => this.#nodes.running?.nodes
    this.faults = new Faults({
      clock,
      random: random(11),
      network,
      disk,
      diskSpeed,
      programs: [this.#server, this.#nodes],
      candidates: [...this.#controllers, ...this.#schedulers].map((each) => ({
        name: each.name,
        get leads() {
          return each.running?.leading !== undefined
        },
        crash: () => each.crash(),
        stop: () => each.stop(),
      })),
      nodes: {
        kill: (name) => nodes()?.kill(name),
        revive: (name) => nodes()?.revive(name),
        get names() {
          return nodes()?.names ?? []
        },
      },
    })
  }

  get isUp(): boolean {
    return (
      this.#server.running !== undefined &&
      this.#nodes.running !== undefined &&
      leaderOf(this.#controllers) !== undefined &&
      leaderOf(this.#schedulers) !== undefined
    )
  }

  report(problem: string): void {
    this.problems.push(problem)
  }

  unconverged(): string[] {
    const controllers = leaderOf(this.#controllers)
    const scheduler = leaderOf(this.#schedulers)
    if (!this.isUp || controllers === undefined || scheduler === undefined) return ['not all is up']
    return unconverged(this.history, [
      {
        who: controllerLease,
        informers: controllers.informers,
        kinds: watchedByControllers,
      },
      { who: schedulerLease, informers: scheduler.informers, kinds: watchedByScheduler },
    ])
  }
}

function leaderOf(candidates: readonly Supervisor<Elected>[]): Component | undefined {
  return candidates.map(({ running }) => running?.leading).find((each) => each !== undefined)
}

/** What is logged as an error is a defect, unless it is about the disk. */
function loudLog(report: (problem: string) => void): Log {
  const log: Log = {
    ...silentLog,
    error: (message, fields = {}) => {
      if (fields['error'] instanceof StoreError) return
      report(`logged: ${message} ${fieldsText(fields)}`)
    },
    with: () => log,
  }
  return log
}

function fieldsText(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${value instanceof Error ? value.stack : String(value)}`)
    .join(' ')
}
