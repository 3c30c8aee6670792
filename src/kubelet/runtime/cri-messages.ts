/** Answers of CRI v1 and events of containerd, as the proto loader decodes them. */

export interface Version {
  readonly runtimeName: string
  readonly runtimeVersion: string
}

export interface Status {
  readonly status: {
    readonly conditions: readonly {
      readonly type: string
      readonly status: boolean
      readonly reason: string
      readonly message: string
    }[]
  } | null
}

export interface CriSandbox {
  readonly id: string
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly namespace: string
    readonly attempt: number
  } | null
  readonly state: 'SANDBOX_NOTREADY' | 'SANDBOX_READY'
  readonly createdAt: string
}

export interface CriSandboxStatus extends CriSandbox {
  readonly network: {
    readonly ip: string
    readonly additionalIps: readonly { readonly ip: string }[]
  } | null
}

export interface CriContainer {
  readonly id: string
  readonly podSandboxId: string
  readonly metadata: { readonly name: string; readonly attempt: number } | null
  readonly state:
    | 'CONTAINER_CREATED'
    | 'CONTAINER_EXITED'
    | 'CONTAINER_RUNNING'
    | 'CONTAINER_UNKNOWN'
  readonly createdAt: string
  readonly labels: Readonly<Record<string, string>>
}

export interface CriContainerStatus extends Omit<CriContainer, 'podSandboxId'> {
  readonly startedAt: string
  readonly finishedAt: string
  readonly exitCode: number
  readonly image: { readonly image: string } | null
  readonly imageRef: string
  readonly reason: string
  readonly message: string
  readonly annotations: Readonly<Record<string, string>>
  readonly logPath: string
  readonly resources: {
    readonly linux: {
      readonly cpuPeriod: string
      readonly cpuQuota: string
      readonly cpuShares: string
      readonly memoryLimitInBytes: string
      readonly oomScoreAdj: string
    } | null
  } | null
}

export interface ExecSync {
  readonly exitCode: number
  readonly stdout: Buffer
  readonly stderr: Buffer
}

export interface CriImage {
  readonly id: string
  readonly repoTags: readonly string[]
  readonly repoDigests: readonly string[]
  readonly size: string
  readonly uid: { readonly value: string } | null
  readonly username: string
}

export interface Envelope {
  readonly topic: string
  readonly event: { readonly value: Buffer } | null
}

export interface StreamingUrl {
  readonly url: string
}

export interface FilesystemUsage {
  readonly usedBytes: { readonly value: string } | null
  readonly inodesUsed: { readonly value: string } | null
}

export interface CriContainerStats {
  readonly attributes: { readonly id: string } | null
  readonly writableLayer: FilesystemUsage | null
}
