/**
 * The part of CRI v1 that the kubelet speaks, and containerd's stream of events, as descriptors for
 * the proto loader. Field numbers are the interfaces'; the names are the ones used here.
 */
export const runtimeProtocol = {
  nested: {
    'runtime.v1': {
      nested: {
        ...enums({
          Protocol: ['TCP', 'UDP', 'SCTP'],
          MountPropagation: [
            'PROPAGATION_PRIVATE',
            'PROPAGATION_HOST_TO_CONTAINER',
            'PROPAGATION_BIDIRECTIONAL',
          ],
          NamespaceMode: ['POD', 'CONTAINER', 'NODE', 'TARGET'],
          ProfileType: ['RuntimeDefault', 'Unconfined', 'Localhost'],
          PodSandboxState: ['SANDBOX_READY', 'SANDBOX_NOTREADY'],
          ContainerState: [
            'CONTAINER_CREATED',
            'CONTAINER_RUNNING',
            'CONTAINER_EXITED',
            'CONTAINER_UNKNOWN',
          ],
        }),
        VersionRequest: message(''),
        VersionResponse: message('1 version; 2 runtimeName; 3 runtimeVersion; 4 runtimeApiVersion'),
        StatusRequest: message(''),
        StatusResponse: message('1 status RuntimeStatus'),
        RuntimeStatus: message('1 conditions RuntimeCondition[]'),
        RuntimeCondition: message('1 type; 2 status bool; 3 reason; 4 message'),
        Int64Value: message('1 value int64'),
        KeyValue: message('1 key; 2 value'),
        DNSConfig: message('1 servers string[]; 2 searches string[]; 3 options string[]'),
        PortMapping: message(
          '1 protocol Protocol; 2 containerPort int32; 3 hostPort int32; 4 hostIp',
        ),
        Mount: message(
          '1 containerPath; 2 hostPath; 3 readonly bool; 5 propagation MountPropagation;' +
            '8 recursiveReadOnly bool',
        ),
        NamespaceOption: message(
          '1 network NamespaceMode; 2 pid NamespaceMode; 3 ipc NamespaceMode; 4 targetId',
        ),
        SecurityProfile: message('1 profileType ProfileType; 2 localhostRef'),
        LinuxSandboxSecurityContext: message(
          '1 namespaceOptions NamespaceOption; 3 runAsUser Int64Value; 8 runAsGroup Int64Value;' +
            '4 readonlyRootfs bool; 5 supplementalGroups int64[]; 6 privileged bool;' +
            '9 seccomp SecurityProfile',
        ),
        LinuxPodSandboxConfig: message(
          '1 cgroupParent; 2 securityContext LinuxSandboxSecurityContext; 3 sysctls map',
        ),
        PodSandboxMetadata: message('1 name; 2 uid; 3 namespace; 4 attempt uint32'),
        PodSandboxConfig: message(
          '1 metadata PodSandboxMetadata; 2 hostname; 3 logDirectory; 4 dnsConfig DNSConfig;' +
            '5 portMappings PortMapping[]; 6 labels map; 7 annotations map;' +
            '8 linux LinuxPodSandboxConfig',
        ),
        RunPodSandboxRequest: message('1 config PodSandboxConfig; 2 runtimeHandler'),
        RunPodSandboxResponse: message('1 podSandboxId'),
        StopPodSandboxRequest: message('1 podSandboxId'),
        StopPodSandboxResponse: message(''),
        RemovePodSandboxRequest: message('1 podSandboxId'),
        RemovePodSandboxResponse: message(''),
        PodSandboxStatusRequest: message('1 podSandboxId'),
        PodIP: message('1 ip'),
        PodSandboxNetworkStatus: message('1 ip; 2 additionalIps PodIP[]'),
        PodSandboxStatus: message(
          '1 id; 2 metadata PodSandboxMetadata; 3 state PodSandboxState; 4 createdAt int64;' +
            '5 network PodSandboxNetworkStatus; 7 labels map; 8 annotations map',
        ),
        PodSandboxStatusResponse: message('1 status PodSandboxStatus'),
        PodSandboxFilter: message('1 id; 3 labelSelector map'),
        ListPodSandboxRequest: message('1 filter PodSandboxFilter'),
        PodSandbox: message(
          '1 id; 2 metadata PodSandboxMetadata; 3 state PodSandboxState; 4 createdAt int64;' +
            '5 labels map; 6 annotations map',
        ),
        ListPodSandboxResponse: message('1 items PodSandbox[]'),
        ImageSpec: message('1 image; 2 annotations map; 18 userSpecifiedImage'),
        LinuxContainerResources: message(
          '1 cpuPeriod int64; 2 cpuQuota int64; 3 cpuShares int64; 4 memoryLimitInBytes int64;' +
            '5 oomScoreAdj int64; 9 unified map',
        ),
        Capability: message('1 addCapabilities string[]; 2 dropCapabilities string[]'),
        LinuxContainerSecurityContext: message(
          '1 capabilities Capability; 2 privileged bool; 3 namespaceOptions NamespaceOption;' +
            '5 runAsUser Int64Value; 12 runAsGroup Int64Value; 6 runAsUsername;' +
            '7 readonlyRootfs bool; 8 supplementalGroups int64[]; 11 noNewPrivs bool;' +
            '13 maskedPaths string[]; 14 readonlyPaths string[]; 15 seccomp SecurityProfile',
        ),
        LinuxContainerConfig: message(
          '1 resources LinuxContainerResources; 2 securityContext LinuxContainerSecurityContext',
        ),
        ContainerMetadata: message('1 name; 2 attempt uint32'),
        ContainerConfig: message(
          '1 metadata ContainerMetadata; 2 image ImageSpec; 3 command string[]; 4 args string[];' +
            '5 workingDir; 6 envs KeyValue[]; 7 mounts Mount[]; 9 labels map; 10 annotations map;' +
            '11 logPath; 12 stdin bool; 13 stdinOnce bool; 14 tty bool;' +
            '15 linux LinuxContainerConfig',
        ),
        CreateContainerRequest: message(
          '1 podSandboxId; 2 config ContainerConfig; 3 sandboxConfig PodSandboxConfig',
        ),
        CreateContainerResponse: message('1 containerId'),
        StartContainerRequest: message('1 containerId'),
        StartContainerResponse: message(''),
        StopContainerRequest: message('1 containerId; 2 timeout int64'),
        StopContainerResponse: message(''),
        RemoveContainerRequest: message('1 containerId'),
        RemoveContainerResponse: message(''),
        ContainerFilter: message('1 id; 3 podSandboxId; 4 labelSelector map'),
        ListContainersRequest: message('1 filter ContainerFilter'),
        Container: message(
          '1 id; 2 podSandboxId; 3 metadata ContainerMetadata; 6 state ContainerState;' +
            '7 createdAt int64; 8 labels map',
        ),
        ListContainersResponse: message('1 containers Container[]'),
        ContainerStatusRequest: message('1 containerId'),
        ContainerStatus: message(
          '1 id; 2 metadata ContainerMetadata; 3 state ContainerState; 4 createdAt int64;' +
            '5 startedAt int64; 6 finishedAt int64; 7 exitCode int32; 8 image ImageSpec;' +
            '9 imageRef; 10 reason; 11 message; 12 labels map; 13 annotations map; 15 logPath;' +
            '16 resources ContainerResources',
        ),
        ContainerResources: message('1 linux LinuxContainerResources'),
        UpdateContainerResourcesRequest: message('1 containerId; 2 linux LinuxContainerResources'),
        UpdateContainerResourcesResponse: message(''),
        ContainerStatusResponse: message('1 status ContainerStatus'),
        ExecSyncRequest: message('1 containerId; 2 cmd string[]; 3 timeout int64'),
        ExecSyncResponse: message('1 stdout bytes; 2 stderr bytes; 3 exitCode int32'),
        ExecRequest: message(
          '1 containerId; 2 cmd string[]; 3 tty bool; 4 stdin bool; 5 stdout bool; 6 stderr bool',
        ),
        ExecResponse: message('1 url'),
        AttachRequest: message(
          '1 containerId; 2 stdin bool; 3 tty bool; 4 stdout bool; 5 stderr bool',
        ),
        AttachResponse: message('1 url'),
        PortForwardRequest: message('1 podSandboxId; 2 port int32[]'),
        PortForwardResponse: message('1 url'),
        ReopenContainerLogRequest: message('1 containerId'),
        ReopenContainerLogResponse: message(''),
        UInt64Value: message('1 value uint64'),
        FilesystemUsage: message(
          '1 timestamp int64; 3 usedBytes UInt64Value; 4 inodesUsed UInt64Value',
        ),
        ContainerAttributes: message('1 id'),
        ContainerStats: message(
          '1 attributes ContainerAttributes; 4 writableLayer FilesystemUsage',
        ),
        ListContainerStatsRequest: message(''),
        ListContainerStatsResponse: message('1 stats ContainerStats[]'),
        ImageFsInfoRequest: message(''),
        ImageFsInfoResponse: message('1 imageFilesystems FilesystemUsage[]'),
        ListImagesRequest: message(''),
        Image: message(
          '1 id; 2 repoTags string[]; 3 repoDigests string[]; 4 size uint64; 5 uid Int64Value;' +
            '6 username',
        ),
        ListImagesResponse: message('1 images Image[]'),
        ImageStatusRequest: message('1 image ImageSpec'),
        ImageStatusResponse: message('1 image Image'),
        AuthConfig: message('1 username; 2 password; 3 auth; 4 serverAddress; 5 identityToken'),
        PullImageRequest: message(
          '1 image ImageSpec; 2 auth AuthConfig; 3 sandboxConfig PodSandboxConfig',
        ),
        PullImageResponse: message('1 imageRef'),
        RemoveImageRequest: message('1 image ImageSpec'),
        RemoveImageResponse: message(''),
        RuntimeService: service(
          'Version Status RunPodSandbox StopPodSandbox RemovePodSandbox PodSandboxStatus' +
            ' ListPodSandbox CreateContainer StartContainer StopContainer RemoveContainer' +
            ' ListContainers ContainerStatus ExecSync Exec Attach PortForward ReopenContainerLog' +
            ' ListContainerStats UpdateContainerResources',
        ),
        ImageService: service('ListImages ImageStatus PullImage RemoveImage ImageFsInfo'),
      },
    },
    'google.protobuf': {
      nested: {
        Any: message('1 typeUrl; 2 value bytes'),
        Timestamp: message('1 seconds int64; 2 nanos int32'),
      },
    },
    'containerd.types': {
      nested: {
        Envelope: message(
          '1 timestamp google.protobuf.Timestamp; 2 namespace; 3 topic;' +
            '4 event google.protobuf.Any',
        ),
      },
    },
    'containerd.services.events.v1': {
      nested: {
        SubscribeRequest: message('1 filters string[]'),
        Events: {
          methods: {
            Subscribe: {
              requestType: 'SubscribeRequest',
              responseType: 'containerd.types.Envelope',
              responseStream: true,
              comment: '',
            },
          },
        },
      },
    },
  },
}

/** Fields as `number name type`, a string where no type stands, separated by semicolons. */
function message(fields: string): { fields: Record<string, FieldDescriptor> } {
  const parsed = fields
    .split(';')
    .filter((field) => field !== '')
    .map((field): [string, FieldDescriptor] => {
      const [number, name = '', type = 'string'] = field.trim().split(' ')
      const id = Number(number)
      if (type === 'map') return [name, { keyType: 'string', type: 'string', id }]
      if (!type.endsWith('[]')) return [name, { type, id }]
      return [name, { rule: 'repeated', type: type.slice(0, -2), id }]
    })
  return { fields: Object.fromEntries(parsed) }
}

interface FieldDescriptor {
  readonly type: string
  readonly id: number
  readonly rule?: 'repeated'
  readonly keyType?: string
}

function enums(all: Readonly<Record<string, readonly string[]>>) {
  return Object.fromEntries(
    Object.entries(all).map(([name, values]) => [
      name,
      { values: Object.fromEntries(values.map((value, number) => [value, number])) },
    ]),
  )
}

function service(methods: string) {
  return {
    methods: Object.fromEntries(
      methods
        .split(' ')
        .map((name) => [
          name,
          { requestType: `${name}Request`, responseType: `${name}Response`, comment: '' },
        ]),
    ),
  }
}
