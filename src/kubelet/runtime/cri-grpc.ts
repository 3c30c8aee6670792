import { Client, credentials, status, type ServiceError } from '@grpc/grpc-js'
import { fromJSON, type PackageDefinition } from '@grpc/proto-loader'
import { asError, type Clock, type Log, type Random } from '#base'
import {
  connectPortForward,
  connectRemoteCommand,
  type CommandClient,
  type CommandWants,
  type PortForwardClient,
} from '#streaming'
import { KubeletError } from '../error.ts'
import type { ContainerConfig, LinuxResources, SandboxConfig } from './config.ts'
import { labels } from './config.ts'
import type {
  CriContainer,
  CriContainerStats,
  CriContainerStatus,
  CriImage,
  CriSandbox,
  CriSandboxStatus,
  Envelope,
  ExecSync,
  FilesystemUsage,
  Status,
  StreamingUrl,
  Version,
} from './cri-messages.ts'
import { runtimeProtocol } from './cri-protocol.ts'
import { streamingTarget } from './cri-streaming.ts'
import type {
  ContainerBrief,
  ContainerState,
  ContainerStatus,
  DiskUsage,
  Image,
  Runtime,
  RuntimeListener,
  Sandbox,
} from './runtime.ts'

export interface CriOptions {
  /** The path of the runtime's unix socket. */
  readonly address: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** Upstream's runtime request timeout; pulls and stops take as long as they take. */
const deadlineMs = 120_000
const sandboxDeadlineMs = 240_000
const pullDeadlineMs = 30 * 60_000
const resubscribeMs = 1_000

/**
 * CRI over gRPC, for containerd: its own event service tells of changes, because GetContainerEvents
 * is younger than the containerds in use. Connects on the first call, and again when it has to.
 */
export class CriRuntime implements Runtime, Disposable {
  readonly #client: Client
  readonly #clock: Clock
  readonly #random: Random
  readonly #log: Log

  constructor({ address, clock, random, log }: CriOptions) {
    this.#client = new Client(`unix://${address}`, credentials.createInsecure(), {
      'grpc.max_receive_message_length': 16 * 1024 * 1024,
      // The socket is local: when the runtime is back, it is back at once.
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 2_000,
    })
    this.#clock = clock
    this.#random = random
    this.#log = log
  }

  [Symbol.dispose](): void {
    this.#client.close()
  }

  async version() {
    const { runtimeName, runtimeVersion } = await this.#runtime<Version>('Version', {})
    return { name: runtimeName, version: runtimeVersion }
  }

  async problems() {
    const response = await this.#runtime<Status>('Status', {})
    return (response.status?.conditions ?? [])
      .filter((condition) => !condition.status)
      .map(({ type, reason, message }) => `${type}: ${reason} ${message}`.trim())
  }

  async runSandbox(config: SandboxConfig, signal?: AbortSignal) {
    const { podSandboxId } = await this.#runtime<{ podSandboxId: string }>(
      'RunPodSandbox',
      { config },
      { deadlineMs: sandboxDeadlineMs, signal },
    )
    return podSandboxId
  }

  async stopSandbox(podSandboxId: string) {
    await gone(this.#runtime('StopPodSandbox', { podSandboxId }))
  }

  async removeSandbox(podSandboxId: string) {
    await gone(this.#runtime('RemovePodSandbox', { podSandboxId }))
  }

  async sandboxes(podUid?: string) {
    const { items } = await this.#runtime<{ items: CriSandbox[] }>('ListPodSandbox', {
      filter: filterOf(podUid),
    })
    return items.map(sandboxOf).sort(newestFirst)
  }

  async sandboxStatus(podSandboxId: string) {
    const { status: found } = await this.#runtime<{ status: CriSandboxStatus }>(
      'PodSandboxStatus',
      { podSandboxId },
    )
    const { ip = '', additionalIps = [] } = found.network ?? {}
    const ips = [ip, ...additionalIps.map((each) => each.ip)].filter((each) => each !== '')
    return { ...sandboxOf(found), ips }
  }

  async createContainer(
    podSandboxId: string,
    config: ContainerConfig,
    sandboxConfig: SandboxConfig,
    signal?: AbortSignal,
  ) {
    const { containerId } = await this.#runtime<{ containerId: string }>(
      'CreateContainer',
      { podSandboxId, config, sandboxConfig },
      { signal },
    )
    return containerId
  }

  async startContainer(containerId: string) {
    await this.#runtime('StartContainer', { containerId })
  }

  async stopContainer(containerId: string, graceSeconds: number, signal?: AbortSignal) {
    const limits = { deadlineMs: graceSeconds * 1000 + deadlineMs, signal }
    await gone(this.#runtime('StopContainer', { containerId, timeout: graceSeconds }, limits))
  }

  async updateContainer(containerId: string, linux: LinuxResources) {
    await this.#runtime('UpdateContainerResources', { containerId, linux })
  }

  async removeContainer(containerId: string) {
    await gone(this.#runtime('RemoveContainer', { containerId }))
  }

  async containers(podUid?: string) {
    const { containers } = await this.#runtime<{ containers: CriContainer[] }>('ListContainers', {
      filter: filterOf(podUid),
    })
    return containers.map(briefOf).sort(newestFirst)
  }

  async containerStatus(containerId: string): Promise<ContainerStatus> {
    const { status: found } = await this.#runtime<{ status: CriContainerStatus }>(
      'ContainerStatus',
      { containerId },
    )
    return {
      ...briefOf({ ...found, podSandboxId: '' }),
      startedAtMs: milliseconds(found.startedAt),
      finishedAtMs: milliseconds(found.finishedAt),
      exitCode: found.exitCode,
      image: found.image?.image ?? '',
      imageRef: found.imageRef,
      reason: found.reason,
      message: found.message,
      annotations: found.annotations,
      logPath: found.logPath,
      resources: resourcesOf(found),
    }
  }

  async exec(containerId: string, command: readonly string[], timeoutSeconds: number) {
    const { exitCode, stdout, stderr } = await this.#runtime<ExecSync>(
      'ExecSync',
      { containerId, cmd: command, timeout: timeoutSeconds },
      { deadlineMs: timeoutSeconds * 1000 + deadlineMs },
    )
    return { exitCode, stdout: stdout.toString('utf8'), stderr: stderr.toString('utf8') }
  }

  async connectExec(
    containerId: string,
    command: readonly string[],
    wants: CommandWants,
  ): Promise<CommandClient> {
    const request = { containerId, cmd: command, ...wants }
    const { url } = await this.#runtime<StreamingUrl>('Exec', request)
    return this.#connectCommand(url, wants)
  }

  async connectAttach(containerId: string, wants: CommandWants): Promise<CommandClient> {
    const { url } = await this.#runtime<StreamingUrl>('Attach', { containerId, ...wants })
    return this.#connectCommand(url, wants)
  }

  async connectPortForward(podSandboxId: string): Promise<PortForwardClient> {
    const { url } = await this.#runtime<StreamingUrl>('PortForward', { podSandboxId })
    return connectPortForward(streamingTarget(url), this.#streaming)
  }

  async reopenLog(containerId: string) {
    await this.#runtime('ReopenContainerLog', { containerId })
  }

  async writableLayers() {
    const { stats } = await this.#runtime<{ stats: CriContainerStats[] }>('ListContainerStats', {})
    return new Map(
      stats.map(({ attributes, writableLayer }) => [
        attributes?.id ?? '',
        diskUsageOf(writableLayer),
      ]),
    )
  }

  async imageDiskUsage() {
    const { imageFilesystems } = await this.#images<{ imageFilesystems: FilesystemUsage[] }>(
      'ImageFsInfo',
      {},
    )
    return diskUsageOf(imageFilesystems[0] ?? null)
  }

  async images() {
    const { images } = await this.#images<{ images: CriImage[] }>('ListImages', {})
    return images.map(imageOf)
  }

  async image(name: string) {
    const { image } = await this.#images<{ image: CriImage | null }>('ImageStatus', {
      image: { image: name },
    })
    return image === null ? undefined : imageOf(image)
  }

  async pullImage(name: string, auth?: object, signal?: AbortSignal) {
    const { imageRef } = await this.#images<{ imageRef: string }>(
      'PullImage',
      { image: { image: name }, auth },
      { deadlineMs: pullDeadlineMs, signal },
    )
    return imageRef
  }

  async removeImage(name: string) {
    await this.#images('RemoveImage', { image: { image: name } })
  }

  async watch(listener: RuntimeListener, signal: AbortSignal) {
    while (!signal.aborted) {
      try {
        await this.#subscribe(listener, signal)
      } catch (error) {
        if (signal.aborted) return
        this.#log.debug('the stream of runtime events ended', { error: asError(error).message })
      }
      await this.#clock.sleep(resubscribeMs, signal).catch(() => {})
    }
  }

  #subscribe(listener: RuntimeListener, signal: AbortSignal): Promise<void> {
    const method = methodOf('containerd.services.events.v1.Events', 'Subscribe')
    const stream = this.#client.makeServerStreamRequest<object, Envelope>(
      method.path,
      method.requestSerialize,
      // The loader decodes into the shape of the message.
      (bytes) => method.responseDeserialize(bytes) as Envelope,
      { filters: ['namespace==k8s.io,topic~="/tasks/"'] },
    )
    return new Promise((resolve, reject) => {
      const onAbort = () => stream.cancel()
      signal.addEventListener('abort', onAbort, { once: true })
      const ended = (error?: Error) => {
        signal.removeEventListener('abort', onAbort)
        if (error === undefined) resolve()
        else reject(error)
      }
      // What happened before the runtime took the subscription is found by looking.
      stream.on('metadata', () => listener.gap())
      stream.on('data', ({ topic, event }: Envelope) => {
        if (event === null || !topicsOfChange.has(topic)) return
        const { containerId, processId } = taskEvent(event.value)
        // Programs run in a container by exec end without a change of it.
        if (containerId === '' || (topic === exitTopic && processId !== containerId)) return
        listener.changed(containerId, topic === exitTopic)
      })
      stream.on('error', ended)
      stream.on('end', () => ended())
      // Headers may only come with the first event.
      listener.gap()
    })
  }

  get #streaming() {
    return { clock: this.#clock, random: this.#random }
  }

  #connectCommand(url: string, wants: CommandWants): Promise<CommandClient> {
    return connectRemoteCommand(streamingTarget(url), wants, this.#streaming)
  }

  #runtime<R>(method: string, request: object, limits: CallLimits = {}): Promise<R> {
    return this.#call('runtime.v1.RuntimeService', method, request, limits)
  }

  #images<R>(method: string, request: object, limits: CallLimits = {}): Promise<R> {
    return this.#call('runtime.v1.ImageService', method, request, limits)
  }

  #call<R>(service: string, name: string, request: object, limits: CallLimits): Promise<R> {
    const { signal } = limits
    const method = methodOf(service, name)
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(new KubeletError('Cancelled', 'cancelled'))
      const onAbort = () => call.cancel()
      const call = this.#client.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        // The loader decodes into the shape of the message.
        (bytes) => method.responseDeserialize(bytes) as R,
        request,
        { deadline: this.#clock.now() + (limits.deadlineMs ?? deadlineMs) },
        (error, response) => {
          signal?.removeEventListener('abort', onAbort)
          if (error === null && response !== undefined) resolve(response)
          else reject(runtimeError(name, error))
        },
      )
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }
}

interface CallLimits {
  readonly deadlineMs?: number
  readonly signal?: AbortSignal | undefined
}

/** Of containerd's topics the ones after which something looks different. */
const exitTopic = '/tasks/exit'
const topicsOfChange = new Set(['/tasks/start', exitTopic, '/tasks/oom'])

let definition: PackageDefinition | undefined

function methodOf(service: string, name: string) {
  definition ??= fromJSON(runtimeProtocol, { longs: String, enums: String, defaults: true })
  const found = definition[service]
  const method = found !== undefined && !('format' in found) ? found[name] : undefined
  if (method === undefined) throw new KubeletError('Unusable', `no such call: ${service}.${name}`)
  return method
}

/** Of an event of a task: its container, and of an exit also which process it was. */
function taskEvent(bytes: Buffer): { readonly containerId: string; readonly processId: string } {
  const containerId = textAt(bytes, 0, containerIdField)
  if (containerId === undefined) return { containerId: '', processId: '' }
  const processId = textAt(bytes, 2 + containerId.length, processIdField)
  return { containerId, processId: processId ?? containerId }
}

/** The first two fields of containerd.events.TaskExit; the first is that of all events of tasks. */
const containerIdField = 1
const processIdField = 2

/** A short text in protobuf, where a field of that number is. Ids have less than 128 bytes. */
function textAt(bytes: Buffer, at: number, field: number): string | undefined {
  const [tag, length] = bytes.subarray(at)
  if (tag !== ((field << 3) | 2) || length === undefined || length >= 0x80) return undefined
  return bytes.toString('utf8', at + 2, at + 2 + length)
}

function runtimeError(call: string, error: ServiceError | null): KubeletError {
  // A runtime that ends in the middle of an answer leaves no words.
  const said = error?.details ?? ''
  const message = said === '' ? 'the container runtime did not answer' : said
  const options = { cause: error }
  switch (error?.code) {
    case status.CANCELLED:
      return new KubeletError('Cancelled', `${call}: ${message}`, options)
    case status.NOT_FOUND:
      return new KubeletError('NotFound', message, options)
    case status.UNAVAILABLE:
      return new KubeletError('RuntimeUnavailable', `${call}: ${message}`, options)
    case status.DEADLINE_EXCEEDED:
      return new KubeletError('DeadlineExceeded', `${call}: ${message}`, options)
    default:
      return new KubeletError('RuntimeFailed', message, options)
  }
}

async function gone(work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (!(error instanceof KubeletError && error.reason === 'NotFound')) throw error
  }
}

function filterOf(podUid: string | undefined): object | undefined {
  return podUid === undefined ? undefined : { labelSelector: { [labels.podUid]: podUid } }
}

function newestFirst(
  a: { readonly attempt: number; readonly createdAtMs: number },
  b: { readonly attempt: number; readonly createdAtMs: number },
): number {
  return b.attempt - a.attempt || b.createdAtMs - a.createdAtMs
}

function sandboxOf(found: CriSandbox): Sandbox {
  return {
    id: found.id,
    podUid: found.metadata?.uid ?? '',
    podName: found.metadata?.name ?? '',
    podNamespace: found.metadata?.namespace ?? '',
    attempt: found.metadata?.attempt ?? 0,
    ready: found.state === 'SANDBOX_READY',
    createdAtMs: milliseconds(found.createdAt),
  }
}

function briefOf(found: CriContainer): ContainerBrief {
  return {
    id: found.id,
    sandboxId: found.podSandboxId,
    podUid: found.labels[labels.podUid] ?? '',
    name: found.metadata?.name ?? '',
    attempt: found.metadata?.attempt ?? 0,
    state: states[found.state],
    createdAtMs: milliseconds(found.createdAt),
  }
}

const states: Readonly<Record<CriContainer['state'], ContainerState>> = {
  CONTAINER_CREATED: 'created',
  CONTAINER_RUNNING: 'running',
  CONTAINER_EXITED: 'exited',
  CONTAINER_UNKNOWN: 'unknown',
}

function imageOf(found: CriImage): Image {
  return {
    id: found.id,
    names: [...found.repoTags, ...found.repoDigests],
    sizeBytes: Number(found.size),
    uid: found.uid === null ? undefined : Number(found.uid.value),
    username: found.username,
  }
}

function diskUsageOf(found: FilesystemUsage | null): DiskUsage {
  return {
    usedBytes: Number(found?.usedBytes?.value ?? 0),
    inodesUsed: Number(found?.inodesUsed?.value ?? 0),
  }
}

/** From nanoseconds in decimal text. */
function milliseconds(nanoseconds: string): number {
  return Number(BigInt(nanoseconds) / 1_000_000n)
}

function resourcesOf({ resources }: CriContainerStatus): LinuxResources | undefined {
  const linux = resources?.linux ?? undefined
  if (linux === undefined) return undefined
  return {
    cpuPeriod: Number(linux.cpuPeriod),
    cpuQuota: Number(linux.cpuQuota),
    cpuShares: Number(linux.cpuShares),
    memoryLimitInBytes: Number(linux.memoryLimitInBytes),
    oomScoreAdj: Number(linux.oomScoreAdj),
  }
}
