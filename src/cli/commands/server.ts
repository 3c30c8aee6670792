import { nodeMonitorFlags } from '../controller-flags.ts'
import { dataDirFlag, kubeconfigFlag } from '../environment.ts'
import type { Command } from '../flags.ts'

export const server: Command = {
  name: 'server',
  summary: 'Run the API server in the foreground',
  details: [
    'Keys, certificates and, unless --store says otherwise, all objects are kept in the data',
    'directory and found again at the next start. Ends with SIGTERM or SIGINT.',
  ].join('\n'),
  flags: {
    'data-dir': dataDirFlag,
    'bind-address': {
      value: 'IP',
      help: 'address to serve on; 0.0.0.0 and :: are all; may be repeated',
      fallback: '127.0.0.1',
      repeated: true,
    },
    'advertise-address': {
      value: 'IP',
      help: 'where others reach the server; else the first address that is not loopback',
    },
    'api-port': { value: 'PORT', help: 'port to serve on; 0 is any free one', fallback: '6443' },
    'tls-san': {
      value: 'NAME',
      help: 'one more name or address for the serving certificate; may be repeated',
      repeated: true,
    },
    store: {
      value: 'STORE',
      help: 'sqlite, memory (gone at the end), or etcd=URL[,URL]',
      fallback: 'sqlite',
    },
    'etcd-cafile': { value: 'FILE', help: 'CA that signed the certificates of etcd' },
    'etcd-certfile': { value: 'FILE', help: 'client certificate to show to etcd' },
    'etcd-keyfile': { value: 'FILE', help: 'key of that certificate' },
    kubeconfig: kubeconfigFlag,
    'no-kubeconfig': { help: 'leave kubeconfigs alone' },
    'service-cidr': {
      value: 'PREFIX',
      help: 'range of Service addresses; two with a comma for dual stack',
      fallback: '10.43.0.0/16',
      repeated: true,
    },
    'cluster-cidr': {
      value: 'PREFIX',
      help: "range of pods' addresses; two with a comma for dual stack",
      fallback: '10.42.0.0/16',
      repeated: true,
    },
    'service-node-port-range': {
      value: 'FROM-TO',
      help: 'ports for Services of type NodePort',
      fallback: '30000-32767',
    },
    'api-only': { help: 'no scheduler and no controllers: they run elsewhere' },
    'simulated-nodes': {
      value: 'N',
      help: 'nodes without containers, whose pods only seem to run',
      fallback: '0',
    },
    'node-routes': {
      help: 'keep routes to the pods of all nodes on this machine, which is none of them; needs root',
    },
    publish: {
      value: '[IP:]PORT:NODEPORT',
      help: 'a port of this machine that leads to a node port; IP is 127.0.0.1 by default',
      repeated: true,
    },
    ...nodeMonitorFlags,
    'cluster-domain': { value: 'NAME', help: 'DNS domain of Services', fallback: 'cluster.local' },
    'log-level': {
      value: 'LEVEL',
      help: 'debug, info, warn, error or silent; JSON lines on standard error',
      fallback: 'warn',
    },
  },

  async run(args) {
    const { runServer } = await import('../run-server.ts')
    return runServer(args)
  },
}
