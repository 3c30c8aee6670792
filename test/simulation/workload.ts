import {
  ConfigMap,
  Deployment,
  Namespace,
  Pod,
  ReplicaSet,
  Service,
  type DeploymentInput,
  type PodInput,
} from '#api'
import type { Clock, Random } from '#base'
import { ConnectionError, type Client } from '#client'
import { hasReason, StatusError } from '#machinery'
import { simulationAnnotations } from '#simulation'
import type { Report } from './call-checker.ts'
import type { Change, History, StoredObject } from './history.ts'
import { prefixes } from './invariants.ts'

export interface WorkloadOptions {
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly history: History
  readonly report: Report
  /** Until `done`, pods are taken away from their Deployments. */
  readonly disturb: (done: Promise<unknown>) => void
}

/** A thing an administrator does. Ends in an error where the cluster is in no state for it. */
interface Deed {
  readonly name: string
  /** How often it is chosen, relative to the others. */
  readonly weight: number
  run(): Promise<unknown>
}

const limits = { namespaces: 2, deploymentsPerNamespace: 2, replicas: 4, podsPerNamespace: 3 }

/**
 * What people do to a cluster, drawn from a seed. Few names, so that things meet: what is created
 * may be there, what is deleted may be gone, two may change the same at once.
 */
export class Workload {
  readonly #options: WorkloadOptions
  readonly #deeds: readonly Deed[]
  readonly #counters = new Map<string, { acknowledged: number; unsure: number }>()

  constructor(options: WorkloadOptions) {
    this.#options = options
    this.#deeds = [
      { name: 'create deployment', weight: 8, run: () => this.#createDeployment() },
      { name: 'scale', weight: 6, run: () => this.#scale() },
      { name: 'roll', weight: 8, run: () => this.#roll() },
      { name: 'pause or resume', weight: 1, run: () => this.#pause() },
      { name: 'delete deployment', weight: 3, run: () => this.#deleteDeployment() },
      { name: 'orphan and create again', weight: 2, run: () => this.#orphan() },
      { name: 'orphan pods', weight: 2, run: () => this.#orphanPods() },
      { name: 'create pod', weight: 3, run: () => this.#createPod() },
      { name: 'delete any pod', weight: 4, run: () => this.#deletePod() },
      { name: 'create service', weight: 2, run: () => this.#createService() },
      { name: 'delete service', weight: 1, run: () => this.#deleteService() },
      { name: 'count', weight: 8, run: () => this.#count() },
      { name: 'create namespace', weight: 2, run: () => this.#createNamespace() },
      { name: 'delete namespace', weight: 1, run: () => this.#deleteNamespace() },
    ]
  }

  /** Does something, and returns what; its end is in `done`. */
  step(): { readonly name: string; readonly done: Promise<void> } {
    const { random } = this.#options
    let at = random.integer(this.#deeds.reduce((sum, { weight }) => sum + weight, 0))
    const deed = this.#deeds.find(({ weight }) => (at -= weight) < 0) ?? this.#deeds[0]
    if (deed === undefined) throw new TypeError('there is nothing to do')
    return { name: deed.name, done: this.#run(deed) }
  }

  /** Resumes what is paused, so that nothing waits for a person any more. */
  async settle(): Promise<void> {
    for (const { object } of this.#options.history.standing(prefixes.deployments)) {
      if (object.spec?.['paused'] !== true) continue
      const { name, namespace = '' } = object.metadata
      await this.#run({
        name: 'resume',
        weight: 0,
        run: () => this.#patchDeployment(namespace, name, { paused: false }),
      })
    }
  }

  /** A compare-and-swap that was acknowledged counts, one that was refused does not. */
  checkCounters(): void {
    for (const [key, { acknowledged, unsure }] of this.#counters) {
      const standing = this.#options.history.at(key, Infinity)
      const count = standing?.type === 'put' ? countOf(standing.object) : undefined
      if (count === undefined && acknowledged > 0) this.#options.report(`${key} is gone`)
      else if (count !== undefined && (count < acknowledged || count > acknowledged + unsure)) {
        const told = `${acknowledged} acknowledged, ${unsure} unknown`
        this.#options.report(`${key} counts ${count}, but ${told}`)
      }
    }
  }

  async #run(deed: Deed): Promise<void> {
    try {
      await deed.run()
    } catch (error) {
      // Refusals and broken calls are part of life; anything else is a defect.
      if (error instanceof StatusError || error instanceof ConnectionError) return
      this.#options.report(`${deed.name} threw ${String(error)}`)
    }
  }

  #namespace(): string {
    const at = this.#options.random.integer(limits.namespaces + 1)
    return at === 0 ? 'default' : `team-${at}`
  }

  #name(): string {
    return `d-${this.#options.random.integer(limits.deploymentsPerNamespace)}`
  }

  #deployments(namespace: string) {
    return this.#options.client.resource(Deployment).namespace(namespace)
  }

  #createDeployment(namespace = this.#namespace(), name = this.#name()): Promise<unknown> {
    return this.#deployments(namespace).create(this.#deployment(name))
  }

  #deployment(name: string, strategy = this.#strategy()): DeploymentInput {
    const { random } = this.#options
    const surge = random.integer(3)
    return {
      metadata: { name },
      spec: {
        replicas: random.integer(limits.replicas + 1),
        selector: { matchLabels: { app: name } },
        strategy:
          strategy === 'Recreate'
            ? { type: strategy }
            : {
                type: strategy,
                rollingUpdate: {
                  maxSurge: surge,
                  maxUnavailable: surge === 0 ? 1 : random.integer(2),
                },
              },
        template: {
          metadata: { labels: { app: name }, annotations: this.#behaviour() },
          spec: {
            terminationGracePeriodSeconds: random.integer(30),
            containers: [this.#container('web:0')],
          },
        },
      },
    }
  }

  #strategy(): 'Recreate' | 'RollingUpdate' {
    return this.#options.random.integer(5) === 0 ? 'Recreate' : 'RollingUpdate'
  }

  #container(image: string) {
    const cpu = `${100 + 100 * this.#options.random.integer(3)}m`
    return { name: 'main', image, resources: { requests: { cpu, memory: '128Mi' } } }
  }

  #behaviour(): Record<string, string> {
    const { random } = this.#options
    return {
      [simulationAnnotations.startDelay]: `${random.integer(5000)}ms`,
      [simulationAnnotations.readyDelay]: `${random.integer(5000)}ms`,
      [simulationAnnotations.stopDelay]: `${random.integer(10_000)}ms`,
    }
  }

  #scale(): Promise<unknown> {
    const replicas = this.#options.random.integer(limits.replicas + 1)
    return this.#deployments(this.#namespace())
      .subresource('scale')
      .patch(this.#name(), { type: 'merge', patch: { spec: { replicas } } })
  }

  #roll(): Promise<unknown> {
    const image = `web:${this.#options.random.integer(4)}`
    return this.#deployments(this.#namespace()).patch(this.#name(), {
      type: 'strategic',
      patch: { spec: { template: { spec: { containers: [{ name: 'main', image }] } } } },
    })
  }

  #pause(): Promise<unknown> {
    const paused = this.#options.random.integer(2) === 0
    return this.#patchDeployment(this.#namespace(), this.#name(), { paused })
  }

  #patchDeployment(namespace: string, name: string, spec: object): Promise<unknown> {
    return this.#deployments(namespace).patch(name, { type: 'merge', patch: { spec } })
  }

  #deleteDeployment(): Promise<unknown> {
    const foreground = this.#options.random.integer(2) === 0
    return this.#deployments(this.#namespace()).delete(this.#name(), {
      propagationPolicy: foreground ? 'Foreground' : 'Background',
    })
  }

  /** Its pods are left alone, and adopted by the next of the name. */
  async #orphan(): Promise<void> {
    const [namespace, name] = [this.#namespace(), this.#name()]
    await this.#deployments(namespace).delete(name, { propagationPolicy: 'Orphan' })
    // Until the garbage collector has removed its finalizer, the name is taken.
    // As upstream's, a Recreate Deployment that adopts several ReplicaSets of another size than its
    // own waits for ever, since it never gets beyond scaling them.
    const again = this.#deployment(name, 'RollingUpdate')
    for (let attempt = 0; attempt < orphanAttempts; attempt++) {
      try {
        await this.#deployments(namespace).create(again)
        return
      } catch (error) {
        if (!hasReason(error, 'AlreadyExists')) throw error
        await this.#options.clock.sleep(orphanRetryMs)
      }
    }
  }

  /** A ReplicaSet is made again by its Deployment, and adopts the pods of the old one. */
  async #orphanPods(): Promise<void> {
    const { random, client, history } = this.#options
    const { object } = drawn(history.standing(prefixes.replicaSets), random) ?? {}
    if (object === undefined) return
    const { namespace = '', name } = object.metadata
    await client
      .resource(ReplicaSet)
      .namespace(namespace)
      .delete(name, { propagationPolicy: 'Orphan' })
  }

  #createPod(): Promise<unknown> {
    const { random, client } = this.#options
    const name = `p-${random.integer(limits.podsPerNamespace)}`
    // Sometimes one that a ReplicaSet would have as its own.
    const app = random.integer(3) === 0 ? this.#name() : name
    const pod: PodInput = {
      metadata: { name, labels: { app }, annotations: this.#behaviour() },
      spec: { containers: [this.#container('job')], terminationGracePeriodSeconds: 5 },
    }
    return client.resource(Pod).namespace(this.#namespace()).create(pod)
  }

  async #deletePod(): Promise<void> {
    const { random, client, history, disturb } = this.#options
    const { object } = drawn(history.standing(prefixes.pods), random) ?? {}
    if (object === undefined) return
    const { namespace = '', name } = object.metadata
    const done = client.resource(Pod).namespace(namespace).delete(name)
    disturb(done)
    await done
  }

  #createService(): Promise<unknown> {
    const name = this.#name()
    return this.#options.client
      .resource(Service)
      .namespace(this.#namespace())
      .create({ metadata: { name }, spec: { selector: { app: name }, ports: [{ port: 80 }] } })
  }

  #deleteService(): Promise<unknown> {
    return this.#options.client.resource(Service).namespace(this.#namespace()).delete(this.#name())
  }

  /** Several count at once. */
  async #count(): Promise<void> {
    const name = `counter-${this.#options.random.integer(2)}`
    const counts = await Promise.allSettled([1, 2, 3].map(() => this.#countOne(name)))
    for (const count of counts) if (count.status === 'rejected') throw count.reason
  }

  /** Reads a number, and writes one more where nobody else did meanwhile. */
  async #countOne(name: string): Promise<void> {
    const configMaps = this.#options.client.resource(ConfigMap).namespace('default')
    const key = `/registry/configmaps/default/${name}`
    let counter = this.#counters.get(key)
    if (counter === undefined) {
      this.#counters.set(key, (counter = { acknowledged: 0, unsure: 0 }))
      await configMaps.create({ metadata: { name }, data: { count: '0' } })
    }
    const present = await configMaps.get(name)
    const count = String(Number(present.data?.['count']) + 1)
    const { resourceVersion } = present.metadata
    try {
      await configMaps.update({
        metadata: { name, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
        data: { count },
      })
      counter.acknowledged++
    } catch (error) {
      // A refusal says that nothing happened; all else may have.
      if (!(error instanceof StatusError && error.code < 500)) counter.unsure++
      throw error
    }
  }

  #createNamespace(): Promise<unknown> {
    const name = `team-${1 + this.#options.random.integer(limits.namespaces)}`
    return this.#options.client.resource(Namespace).create({ metadata: { name } })
  }

  #deleteNamespace(): Promise<unknown> {
    const name = `team-${1 + this.#options.random.integer(limits.namespaces)}`
    return this.#options.client.resource(Namespace).delete(name)
  }
}

function drawn(changes: readonly Change[], random: Random): Change | undefined {
  if (changes.length === 0) return undefined
  return changes.toSorted((a, b) => (a.key < b.key ? -1 : 1))[random.integer(changes.length)]
}

const orphanAttempts = 10
const orphanRetryMs = 3_000

function countOf(object: StoredObject): number {
  const data = 'data' in object && typeof object.data === 'object' ? object.data : undefined
  return Number(data !== null && data !== undefined && 'count' in data ? data.count : Number.NaN)
}
