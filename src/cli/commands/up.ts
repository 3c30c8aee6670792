import { dataDirFlag, dataDirOf, kubeconfigFlag, services } from '../environment.ts'
import type { Command } from '../flags.ts'

export const up: Command = {
  name: 'up',
  summary: 'Make a cluster of real nodes on this machine, or start what has ended of it',
  details: [
    'Each node is a network namespace with its own containerd, kubelet, Service proxy and DNS; the',
    'control plane runs beside them. All of it goes on in the background: k8ts down removes it.',
    'Needs root, and containerd, runc, the CNI plugins, nftables, iptables and iproute2.',
  ].join('\n'),
  flags: {
    'data-dir': dataDirFlag,
    nodes: { value: 'N', help: 'how many nodes', fallback: '1' },
    'api-port': {
      value: 'PORT',
      help: 'port of the API server on 127.0.0.1; 0 is any free one',
      fallback: '6443',
    },
    'node-cidr': {
      value: 'PREFIX',
      help: "range of the nodes' addresses",
      fallback: '100.64.10.0/24',
    },
    'cluster-cidr': {
      value: 'PREFIX',
      help: "range of pods' addresses; a /24 of it for each node",
      fallback: '10.42.0.0/16',
      repeated: true,
    },
    'service-cidr': {
      value: 'PREFIX',
      help: 'range of Service addresses',
      fallback: '10.43.0.0/16',
      repeated: true,
    },
    publish: {
      value: '[IP:]PORT:NODEPORT',
      help: 'a port of this machine that leads to a node port; IP is 127.0.0.1 by default',
      repeated: true,
    },
    isolated: { help: 'nodes and pods reach nothing outside of this machine' },
    kubeconfig: kubeconfigFlag,
    'no-kubeconfig': { help: 'leave kubeconfigs alone' },
  },

  async run(args) {
    const { runUp } = await import('../run-up.ts')
    return runUp(args, await dataDirOf(args), services)
  },
}
