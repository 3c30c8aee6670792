import { join } from 'node:path'
import type { Clock } from '#base'
import type { CommandClient, CommandWants, PortForwardClient } from '#streaming'
import { KubeletError } from '../error.ts'
import type { ContainerConfig, LinuxResources, SandboxConfig } from '../runtime/config.ts'
import type {
  ContainerStatus,
  DiskUsage,
  ExecResult,
  Image,
  Runtime,
  RuntimeListener,
  SandboxStatus,
} from '../runtime/runtime.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** A runtime in memory: containers run until they are stopped or `exit` is called. */
export class FakeRuntime implements Runtime {
  /** Calls that change something, in their order, such as `startContainer main/0`. */
  readonly calls: string[] = []
  readonly configs = new Map<string, ContainerConfig>()
  readonly sandboxConfigs = new Map<string, SandboxConfig>()
  /** What these calls reject with, by their names. */
  readonly failures = new Map<string, Error>()
  /** What programs run in containers do. */
  answer: (command: readonly string[]) => ExecResult = () => ({
    exitCode: 0,
    stdout: '',
    stderr: '',
  })
  /** Streams of programs run in containers, and with no command of containers themselves. */
  connect: (
    id: string,
    command: readonly string[] | undefined,
    wants: CommandWants,
  ) => Promise<CommandClient> = async () => {
    throw new KubeletError('RuntimeFailed', 'a runtime in memory has no streams')
  }
  readonly #clock: Clock
  readonly #sandboxes = new Map<string, Mutable<SandboxStatus>>()
  readonly #containers = new Map<string, Mutable<ContainerStatus>>()
  readonly #images: Map<string, Image>
  readonly #listeners = new Set<RuntimeListener>()
  #made = 0

  constructor(clock: Clock, images: readonly string[]) {
    this.#clock = clock
    this.#images = new Map(images.map((name) => [name, imageNamed(name)]))
  }

  /** A container's process ends by itself. */
  exit(podUid: string, name: string, exitCode: number): void {
    const running = [...this.#containers.values()].find(
      (each) => each.podUid === podUid && each.name === name && each.state === 'running',
    )
    if (running !== undefined) this.#end(running, exitCode)
  }

  async version() {
    return { name: 'fake', version: '1' }
  }

  async problems() {
    return []
  }

  async runSandbox(config: SandboxConfig) {
    const { metadata, linux } = config
    this.#call('runSandbox', String(metadata.attempt))
    const id = this.#id('sandbox')
    this.sandboxConfigs.set(id, config)
    const inNodeNetwork = linux.securityContext.namespaceOptions.network === 'NODE'
    this.#sandboxes.set(id, {
      id,
      podUid: metadata.uid,
      podName: metadata.name,
      podNamespace: metadata.namespace,
      attempt: metadata.attempt,
      ready: true,
      createdAtMs: this.#clock.now(),
      ips: inNodeNetwork ? [] : [`10.42.0.${this.#made + 1}`],
    })
    return id
  }

  async stopSandbox(id: string) {
    this.#call('stopSandbox', id)
    const sandbox = this.#sandboxes.get(id)
    if (sandbox === undefined) return
    sandbox.ready = false
    sandbox.ips = []
    for (const container of this.#containers.values()) {
      if (container.sandboxId === id && container.state === 'running') this.#end(container, 137)
    }
  }

  async removeSandbox(id: string) {
    this.#call('removeSandbox', id)
    this.#sandboxes.delete(id)
    for (const container of this.#containers.values()) {
      if (container.sandboxId === id) this.#containers.delete(container.id)
    }
  }

  async sandboxes(podUid?: string) {
    return [...this.#sandboxes.values()]
      .filter((each) => podUid === undefined || each.podUid === podUid)
      .toReversed()
  }

  async sandboxStatus(id: string) {
    return found(this.#sandboxes.get(id))
  }

  async createContainer(sandboxId: string, config: ContainerConfig, sandbox: SandboxConfig) {
    const { name, attempt } = config.metadata
    this.#call('createContainer', `${name}/${attempt}`)
    const id = this.#id(name)
    this.configs.set(id, config)
    this.#containers.set(id, {
      id,
      sandboxId,
      podUid: found(this.#sandboxes.get(sandboxId)).podUid,
      name,
      attempt,
      state: 'created',
      createdAtMs: this.#clock.now(),
      startedAtMs: 0,
      finishedAtMs: 0,
      exitCode: 0,
      image: config.image.userSpecifiedImage,
      imageRef: config.image.image,
      reason: '',
      message: '',
      annotations: config.annotations,
      logPath: join(sandbox.logDirectory, config.logPath),
      resources: config.linux.resources,
    })
    return id
  }

  async startContainer(id: string) {
    const container = found(this.#containers.get(id))
    this.#call('startContainer', `${container.name}/${container.attempt}`)
    container.state = 'running'
    container.startedAtMs = this.#clock.now()
    for (const listener of this.#listeners) listener.changed(id, false)
  }

  async stopContainer(id: string, graceSeconds: number, signal?: AbortSignal) {
    if (signal?.aborted === true) throw new KubeletError('Cancelled', 'cancelled')
    const container = this.#containers.get(id)
    if (container?.state !== 'running') return
    this.#call('stopContainer', `${container.name}/${container.attempt} ${graceSeconds}s`)
    this.#end(container, 0)
  }

  async updateContainer(id: string, resources: LinuxResources) {
    const container = found(this.#containers.get(id))
    this.#call('updateContainer', `${container.name}/${container.attempt}`)
    container.resources = resources
  }

  async removeContainer(id: string) {
    const container = this.#containers.get(id)
    if (container === undefined) return
    this.#call('removeContainer', `${container.name}/${container.attempt}`)
    this.#containers.delete(id)
  }

  async containers(podUid?: string) {
    return [...this.#containers.values()]
      .filter((each) => podUid === undefined || each.podUid === podUid)
      .toReversed()
  }

  async containerStatus(id: string) {
    return { ...found(this.#containers.get(id)) }
  }

  async exec(_id: string, command: readonly string[]) {
    return this.answer(command)
  }

  async connectExec(id: string, command: readonly string[], wants: CommandWants) {
    return this.connect(id, command, wants)
  }

  async connectAttach(id: string, wants: CommandWants) {
    return this.connect(id, undefined, wants)
  }

  async connectPortForward(): Promise<PortForwardClient> {
    throw new KubeletError('RuntimeFailed', 'a runtime in memory has no ports')
  }

  async reopenLog(id: string) {
    const { name, attempt } = found(this.#containers.get(id))
    this.#call('reopenLog', `${name}/${attempt}`)
  }

  async writableLayers() {
    return new Map<string, DiskUsage>()
  }

  async imageDiskUsage() {
    return { usedBytes: 0, inodesUsed: 0 }
  }

  async images() {
    return [...this.#images.values()]
  }

  async image(name: string) {
    return this.#images.get(name)
  }

  async pullImage(name: string) {
    this.#call('pullImage', name)
    const image = imageNamed(name)
    this.#images.set(name, image)
    return image.id
  }

  async removeImage(name: string) {
    this.#images.delete(name)
  }

  watch(listener: RuntimeListener, signal: AbortSignal): Promise<void> {
    this.#listeners.add(listener)
    listener.gap()
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        this.#listeners.delete(listener)
        resolve()
      })
    })
  }

  #end(container: Mutable<ContainerStatus>, exitCode: number): void {
    container.state = 'exited'
    container.exitCode = exitCode
    container.reason = exitCode === 0 ? 'Completed' : 'Error'
    container.finishedAtMs = this.#clock.now()
    for (const listener of this.#listeners) listener.changed(container.id, true)
  }

  #call(name: string, about: string): void {
    this.calls.push(`${name} ${about}`)
    const failure = this.failures.get(name)
    if (failure !== undefined) throw failure
  }

  #id(name: string): string {
    return `${name}-${++this.#made}`
  }
}

function imageNamed(name: string): Image {
  return { id: `sha256:${name}`, names: [name], sizeBytes: 1, uid: undefined, username: '' }
}

function found<T>(value: T | undefined): T {
  if (value === undefined) throw new KubeletError('NotFound', 'not found')
  return value
}
