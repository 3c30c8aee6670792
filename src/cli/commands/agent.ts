import type { Command } from '../flags.ts'

const dataDir = {
  value: 'DIR',
  help: 'where the node keeps its credentials, images and volumes',
  fallback: '/var/lib/k8ts-agent',
}
const cgroupRoot = {
  value: 'PATH',
  help: "cgroup that the pods' are below",
  fallback: '/k8ts',
}

export const agent: Command = {
  name: 'agent',
  summary: 'Make this machine a node of a cluster, in the foreground',
  details: [
    'Runs containerd, kubelet, Service proxy and DNS on the network of this machine. When it ends,',
    'pods run on, and the next agent takes them over; k8ts agent reset ends everything.',
    'The token is needed the first time; it may be in the environment as K8TS_TOKEN instead.',
  ].join('\n'),
  flags: {
    server: { value: 'URL', help: 'the API server: https://HOST:PORT' },
    token: { value: 'TOKEN', help: 'as k8ts token create, on the server, shows it' },
    'ca-cert-hash': { value: 'sha256:HEX', help: 'pins the CA of a token that does not' },
    'ca-file': { value: 'FILE', help: 'the CA, where it is brought along' },
    'node-name': { value: 'NAME', help: 'its name', fallback: "the machine's" },
    'node-ip': {
      value: 'IP',
      help: 'its address; twice for dual stack',
      fallback: 'the one that leads to the server',
      repeated: true,
    },
    'node-label': { value: 'KEY=VALUE', help: 'a label; may be repeated', repeated: true },
    'data-dir': dataDir,
    'cgroup-root': cgroupRoot,
    'node-lease-duration-seconds': {
      value: 'N',
      help: 'how long a sign of life holds',
      fallback: '40',
    },
    'resolv-conf': {
      value: 'FILE',
      help: 'names the resolvers of names outside the cluster',
      fallback: "/etc/resolv.conf, or systemd-resolved's own",
    },
    'dns-address': {
      value: 'IP',
      help: 'address of this machine to answer DNS at, beside that of the cluster; may be repeated',
      repeated: true,
    },
    'log-level': {
      value: 'LEVEL',
      help: 'debug, info, warn, error or silent; JSON lines on standard error',
      fallback: 'warn',
    },
  },

  async run(args) {
    const { runAgent } = await import('../run-agent.ts')
    return runAgent(args)
  },
}

export const agentReset: Command = {
  name: 'agent reset',
  summary: 'Make this machine no node any more, and remove what its agent made',
  flags: { 'data-dir': dataDir, 'cgroup-root': cgroupRoot },

  async run(args) {
    const { resetNode } = await import('../run-agent.ts')
    return resetNode(args)
  },
}
