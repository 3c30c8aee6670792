import type { Flag } from './flags.ts'

/** How soon nodes that say nothing are given up. */
export const nodeMonitorFlags: Readonly<Record<string, Flag>> = {
  'node-monitor-period': {
    value: 'DURATION',
    help: 'how often the health of nodes is looked at',
    fallback: '5s',
  },
  'node-monitor-grace-period': {
    value: 'DURATION',
    help: 'a node that is silent for so long is unreachable',
    fallback: '50s',
  },
}

/** Upstream's flags of the controller manager, as far as its controllers are here. */
export const controllerFlags: Readonly<Record<string, Flag>> = {
  controllers: {
    value: 'LIST',
    help: '* is all that are on by default, NAME one more, -NAME one less',
    fallback: '*',
    repeated: true,
  },
  'use-service-account-credentials': {
    boolean: true,
    help: 'each controller acts as its own service account of kube-system',
    fallback: 'false',
  },
  'root-ca-file': {
    value: 'FILE',
    help: 'CAs that pods trust the API server by',
    fallback: "the kubeconfig's",
  },
  'service-account-private-key-file': {
    value: 'FILE',
    help: 'key that signs the tokens kept in Secrets; without it there are none',
  },
  'cluster-signing-cert-file': {
    value: 'FILE',
    help: 'CA that signs certificates; without it none are signed',
  },
  'cluster-signing-key-file': { value: 'FILE', help: 'key of that CA' },
  'cluster-signing-duration': {
    value: 'DURATION',
    help: 'longest life of a certificate that is signed',
    fallback: '8760h',
  },
  'allocate-node-cidrs': {
    boolean: true,
    help: 'give each node a part of --cluster-cidr',
    fallback: 'false',
  },
  'cluster-cidr': {
    value: 'PREFIX',
    help: 'range of pod addresses; two with a comma for dual stack',
    repeated: true,
  },
  'service-cluster-ip-range': {
    value: 'PREFIX',
    help: 'range of Service addresses, which no node gets a part of',
    repeated: true,
  },
  'node-cidr-mask-size': {
    value: 'BITS',
    help: "prefix length of a node's part, of either family",
    fallback: '24, for IPv6 64',
  },
  'node-cidr-mask-size-ipv4': { value: 'BITS', help: 'the same for IPv4', fallback: '24' },
  'node-cidr-mask-size-ipv6': { value: 'BITS', help: 'the same for IPv6', fallback: '64' },
  ...nodeMonitorFlags,
  'node-startup-grace-period': {
    value: 'DURATION',
    help: 'the same for a node that has said nothing yet',
    fallback: '1m0s',
  },
  'terminated-pod-gc-threshold': {
    value: 'N',
    help: 'terminated pods beyond this number are deleted; 0: none',
    fallback: '12500',
  },
}
