import type { CommandClient, CommandWants, PortForwardClient } from '#streaming'
import type { ContainerConfig, LinuxResources, SandboxConfig } from './config.ts'

/** A sandbox as the runtime shows it: the namespaces of a pod, and the process that holds them. */
export interface Sandbox {
  readonly id: string
  readonly podUid: string
  readonly podName: string
  readonly podNamespace: string
  readonly attempt: number
  readonly ready: boolean
  readonly createdAtMs: number
}

export interface SandboxStatus extends Sandbox {
  /** Of the pod's network; none in the node's network, and once the sandbox is stopped. */
  readonly ips: readonly string[]
}

export interface ContainerBrief {
  readonly id: string
  readonly sandboxId: string
  readonly podUid: string
  readonly name: string
  readonly attempt: number
  readonly state: ContainerState
  readonly createdAtMs: number
}

export type ContainerState = 'created' | 'exited' | 'running' | 'unknown'

export interface ContainerStatus extends ContainerBrief {
  /** 0 where it has not happened. */
  readonly startedAtMs: number
  readonly finishedAtMs: number
  readonly exitCode: number
  /** As it was asked for. */
  readonly image: string
  /** With its digest. */
  readonly imageRef: string
  /** Such as OOMKilled, Error, Completed. */
  readonly reason: string
  readonly message: string
  readonly annotations: Readonly<Record<string, string>>
  readonly logPath: string
  /** What it may use; undefined where the runtime does not tell. */
  readonly resources: LinuxResources | undefined
}

export interface Image {
  readonly id: string
  readonly names: readonly string[]
  readonly sizeBytes: number
  /** The user the image says to run as, where it is a number. */
  readonly uid: number | undefined
  /** The same where it is a name. */
  readonly username: string
}

export interface ExecResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export interface DiskUsage {
  readonly usedBytes: number
  readonly inodesUsed: number
}

export interface PullCredentials {
  readonly username?: string
  readonly password?: string
  readonly auth?: string
  readonly serverAddress?: string
  readonly identityToken?: string
}

/**
 * What the kubelet asks of a container runtime (CRI v1, promises instead of gRPC).
 *
 * Every call has a deadline. Errors are KubeletErrors: RuntimeUnavailable, DeadlineExceeded, NotFound, RuntimeFailed
 * with the runtime's words, Cancelled. Stopping and removing what is not there succeeds. A call that
 * was cancelled or came to its deadline may have had its effect all the same: look again.
 */
export interface Runtime {
  version(): Promise<{ readonly name: string; readonly version: string }>
  /** Why the runtime cannot run pods now; empty when it can. */
  problems(): Promise<readonly string[]>
  runSandbox(config: SandboxConfig, signal?: AbortSignal): Promise<string>
  /** Ends its containers' processes, too, and releases its address. */
  stopSandbox(id: string): Promise<void>
  removeSandbox(id: string): Promise<void>
  /** The newest first. */
  sandboxes(podUid?: string): Promise<readonly Sandbox[]>
  sandboxStatus(id: string): Promise<SandboxStatus>
  createContainer(
    sandboxId: string,
    config: ContainerConfig,
    sandbox: SandboxConfig,
    signal?: AbortSignal,
  ): Promise<string>
  startContainer(id: string): Promise<void>
  /** Sends the stop signal, and SIGKILL after the grace. Resolves when the container has ended. */
  stopContainer(id: string, graceSeconds: number, signal?: AbortSignal): Promise<void>
  /** Changes what a running container may use. */
  updateContainer(id: string, resources: LinuxResources): Promise<void>
  removeContainer(id: string): Promise<void>
  containers(podUid?: string): Promise<readonly ContainerBrief[]>
  containerStatus(id: string): Promise<ContainerStatus>
  /** Runs a program in a running container until it ends; the runtime kills it at the time-out. */
  exec(id: string, command: readonly string[], timeoutSeconds: number): Promise<ExecResult>
  /**
   * Runs a program in a running container with its streams connected. This and the next two reject
   * with StreamingErrors, too, when the runtime's streaming server is not reached.
   */
  connectExec(id: string, command: readonly string[], wants: CommandWants): Promise<CommandClient>
  /** The streams of a running container's own process. */
  connectAttach(id: string, wants: CommandWants): Promise<CommandClient>
  /** To ports on the loopback address of the sandbox's network. */
  connectPortForward(sandboxId: string): Promise<PortForwardClient>
  /** Has a running container's log written to a new file at its path, after the old was renamed. */
  reopenLog(id: string): Promise<void>
  /** What containers have written to their own layers, by their ids. */
  writableLayers(): Promise<ReadonlyMap<string, DiskUsage>>
  /** Of all images. */
  imageDiskUsage(): Promise<DiskUsage>
  images(): Promise<readonly Image[]>
  /** Undefined where the image is not on the machine. */
  image(name: string): Promise<Image | undefined>
  /** Its reference. */
  pullImage(name: string, credentials?: PullCredentials, signal?: AbortSignal): Promise<string>
  removeImage(name: string): Promise<void>
  /**
   * Tells ids of containers and sandboxes of which something has changed, until the signal fires.
   * `gap` says that events may have been missed, at first and after each interruption: look at
   * everything. Rejects never; it tries again by itself.
   */
  watch(listener: RuntimeListener, signal: AbortSignal): Promise<void>
}

export interface RuntimeListener {
  /** When it has ended, the runtime may show it running for a moment more. */
  changed(id: string, ended: boolean): void
  gap(): void
}
