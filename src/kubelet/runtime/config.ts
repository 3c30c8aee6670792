/** The configurations that CRI takes, under CRI's names. Numbers of 64 bits fit a double here. */

export interface SandboxConfig {
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly namespace: string
    readonly attempt: number
  }
  readonly hostname: string
  readonly logDirectory: string
  readonly dnsConfig: DnsConfig
  readonly portMappings: readonly PortMapping[]
  readonly labels: Labels
  readonly annotations: Labels
  readonly linux: {
    readonly cgroupParent: string
    readonly sysctls: Labels
    readonly securityContext: {
      readonly namespaceOptions: NamespaceOptions
      readonly privileged: boolean
      readonly runAsUser?: Int64Value
      readonly runAsGroup?: Int64Value
      readonly supplementalGroups: readonly number[]
      readonly seccomp: SecurityProfile
    }
  }
}

export interface ContainerConfig {
  readonly metadata: { readonly name: string; readonly attempt: number }
  readonly image: { readonly image: string; readonly userSpecifiedImage: string }
  readonly command: readonly string[]
  readonly args: readonly string[]
  readonly workingDir: string
  readonly envs: readonly { readonly key: string; readonly value: string }[]
  readonly mounts: readonly ContainerMount[]
  readonly labels: Labels
  readonly annotations: Labels
  readonly logPath: string
  readonly stdin: boolean
  readonly stdinOnce: boolean
  readonly tty: boolean
  readonly linux: {
    readonly resources: LinuxResources
    readonly securityContext: ContainerSecurity
  }
}

export interface ContainerMount {
  readonly containerPath: string
  readonly hostPath: string
  readonly readonly: boolean
  readonly recursiveReadOnly?: boolean
  readonly propagation:
    | 'PROPAGATION_BIDIRECTIONAL'
    | 'PROPAGATION_HOST_TO_CONTAINER'
    | 'PROPAGATION_PRIVATE'
}

export interface LinuxResources {
  readonly cpuPeriod: number
  readonly cpuQuota: number
  readonly cpuShares: number
  readonly memoryLimitInBytes: number
  readonly oomScoreAdj: number
}

export interface ContainerSecurity {
  readonly capabilities: {
    readonly addCapabilities: readonly string[]
    readonly dropCapabilities: readonly string[]
  }
  readonly privileged: boolean
  readonly namespaceOptions: NamespaceOptions
  readonly runAsUser?: Int64Value
  readonly runAsGroup?: Int64Value
  readonly runAsUsername: string
  readonly readonlyRootfs: boolean
  readonly supplementalGroups: readonly number[]
  readonly noNewPrivs: boolean
  readonly maskedPaths: readonly string[]
  readonly readonlyPaths: readonly string[]
  readonly seccomp: SecurityProfile
}

export interface NamespaceOptions {
  readonly network: 'NODE' | 'POD'
  readonly pid: 'CONTAINER' | 'NODE' | 'POD' | 'TARGET'
  /** The container whose processes are meant by TARGET. */
  readonly targetId?: string
  readonly ipc: 'NODE' | 'POD'
}

export interface SecurityProfile {
  readonly profileType: 'Localhost' | 'RuntimeDefault' | 'Unconfined'
  readonly localhostRef: string
}

export interface DnsConfig {
  readonly servers: readonly string[]
  readonly searches: readonly string[]
  readonly options: readonly string[]
}

export interface PortMapping {
  readonly protocol: 'SCTP' | 'TCP' | 'UDP'
  readonly containerPort: number
  readonly hostPort: number
  readonly hostIp: string
}

export interface Int64Value {
  readonly value: number
}

type Labels = Readonly<Record<string, string>>

/** Labels by which containers are found again; upstream's. */
export const labels = {
  podName: 'io.kubernetes.pod.name',
  podNamespace: 'io.kubernetes.pod.namespace',
  podUid: 'io.kubernetes.pod.uid',
  containerName: 'io.kubernetes.container.name',
} as const

export const annotations = {
  containerHash: 'io.kubernetes.container.hash',
  restartCount: 'io.kubernetes.container.restartCount',
  terminationMessagePath: 'io.kubernetes.container.terminationMessagePath',
  terminationMessagePolicy: 'io.kubernetes.container.terminationMessagePolicy',
} as const
