export interface ContainerdConfig {
  /** What containerd keeps: images, snapshots. */
  readonly root: string
  /** What is gone after a reboot. */
  readonly state: string
  readonly socket: string
  readonly pauseImage: string
  readonly cniBinaries: string
  readonly cniConfiguration: string
  /** The process may not lower OOM scores below its own (no CAP_SYS_RESOURCE). */
  readonly restrictOomScoreAdj: boolean
}

/** A config.toml of version 2, which containerd 1.6 reads, and which 2.x migrates by itself. */
export function containerdConfig(config: ContainerdConfig): string {
  const cri = 'plugins."io.containerd.grpc.v1.cri"'
  return `version = 2
root = ${quoted(config.root)}
state = ${quoted(config.state)}
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
  "io.containerd.tracing.processor.v1.otlp",
]

[grpc]
  address = ${quoted(config.socket)}

[plugins."io.containerd.internal.v1.opt"]
  path = ${quoted(`${config.root}/opt`)}

[${cri}]
  sandbox_image = ${quoted(config.pauseImage)}
  restrict_oom_score_adj = ${config.restrictOomScoreAdj}
  netns_mounts_under_state_dir = true
  tolerate_missing_hugetlb_controller = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"

[${cri}.containerd]
  snapshotter = "overlayfs"
  default_runtime_name = "runc"

[${cri}.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[${cri}.containerd.runtimes.runc.options]
  SystemdCgroup = false
  Root = ${quoted(`${config.state}/runc`)}

[${cri}.cni]
  bin_dir = ${quoted(config.cniBinaries)}
  conf_dir = ${quoted(config.cniConfiguration)}
`
}

/** TOML's basic strings and JSON's are the same for paths and names. */
function quoted(text: string): string {
  return JSON.stringify(text)
}
