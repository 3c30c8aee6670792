import type { Controller } from '#controllers'
import { ClusterError } from '../error.ts'

/** Upstream's controllers in upstream's order, each with the older name it also goes by. */
const aliases: Readonly<Record<string, string | undefined>> = {
  'serviceaccount-token-controller': 'serviceaccount-token',
  'endpoints-controller': 'endpoint',
  'endpointslice-controller': 'endpointslice',
  'endpointslice-mirroring-controller': 'endpointslicemirroring',
  'replicationcontroller-controller': 'replicationcontroller',
  'pod-garbage-collector-controller': 'podgc',
  'resourcequota-controller': 'resourcequota',
  'namespace-controller': 'namespace',
  'serviceaccount-controller': 'serviceaccount',
  'garbage-collector-controller': 'garbagecollector',
  'daemonset-controller': 'daemonset',
  'job-controller': 'job',
  'deployment-controller': 'deployment',
  'replicaset-controller': 'replicaset',
  'horizontal-pod-autoscaler-controller': 'horizontalpodautoscaling',
  'disruption-controller': 'disruption',
  'statefulset-controller': 'statefulset',
  'cronjob-controller': 'cronjob',
  'certificatesigningrequest-signing-controller': 'csrsigning',
  'certificatesigningrequest-approving-controller': 'csrapproving',
  'certificatesigningrequest-cleaner-controller': 'csrcleaner',
  'ttl-controller': 'ttl',
  'bootstrap-signer-controller': 'bootstrapsigner',
  'token-cleaner-controller': 'tokencleaner',
  'node-ipam-controller': 'nodeipam',
  'node-lifecycle-controller': 'nodelifecycle',
  'taint-eviction-controller': undefined,
  'service-lb-controller': 'service',
  'node-route-controller': 'route',
  'cloud-node-lifecycle-controller': 'cloud-node-lifecycle',
  'persistentvolume-binder-controller': 'persistentvolume-binder',
  'persistentvolume-attach-detach-controller': 'attachdetach',
  'persistentvolume-expander-controller': 'persistentvolume-expander',
  'clusterrole-aggregation-controller': 'clusterrole-aggregation',
  'persistentvolumeclaim-protection-controller': 'pvc-protection',
  'persistentvolume-protection-controller': 'pv-protection',
  'ttl-after-finished-controller': 'ttl-after-finished',
  'root-ca-certificate-publisher-controller': 'root-ca-cert-publisher',
  'kube-apiserver-serving-clustertrustbundle-publisher-controller': undefined,
  'ephemeral-volume-controller': 'ephemeral-volume',
  'storageversion-garbage-collector-controller': 'storage-version-gc',
  'resourceclaim-controller': 'resource-claim-controller',
  'device-taint-eviction-controller': undefined,
  'podcertificaterequest-cleaner-controller': undefined,
  'legacy-serviceaccount-token-cleaner-controller': 'legacy-service-account-token-cleaner',
  'validatingadmissionpolicy-status-controller': undefined,
  'service-cidr-controller': undefined,
  'storage-version-migrator-controller': undefined,
  'selinux-warning-controller': undefined,
  'volumeattributesclass-protection-controller': undefined,
}

const known: readonly string[] = Object.keys(aliases)

/** `*` does not mean these. */
const offByDefault: ReadonlySet<string> = new Set([
  'bootstrap-signer-controller',
  'token-cleaner-controller',
])

/** What a controller cannot do without. */
const needs: Readonly<Record<string, string>> = {
  'serviceaccount-token-controller': '--service-account-private-key-file',
  'certificatesigningrequest-signing-controller':
    '--cluster-signing-cert-file and --cluster-signing-key-file',
  'node-ipam-controller': '--allocate-node-cidrs and --cluster-cidr',
  'root-ca-certificate-publisher-controller': '--root-ca-file',
}

/**
 * Those of `available` that `--controllers` asks for: `*` is all that are on by default, `name` one
 * more, `-name` one less; the order does not matter, and what is not named is off without `*`.
 * Throws a ClusterError for a name that nobody knows, and for one that cannot be had.
 */
export function chooseControllers(
  available: readonly Controller[],
  asked: readonly string[],
): readonly Controller[] {
  const on = new Set<string>()
  const off = new Set<string>()
  for (const word of asked) {
    if (word === '*') continue
    const name = canonicalName(word.replace(/^-/, ''))
    if (word.startsWith('-')) off.add(name)
    else on.add(name)
  }
  for (const name of on) {
    if (!off.has(name) && !available.some((each) => each.name === name)) throw unavailable(name)
  }
  const rest = asked.includes('*')
  return available.filter(
    ({ name }) => !off.has(name) && (on.has(name) || (rest && !offByDefault.has(name))),
  )
}

function canonicalName(name: string): string {
  const found = known.find((each) => each === name || aliases[each] === name)
  if (found !== undefined) return found
  throw new ClusterError(
    `--controllers: "${name}" is not in the list of known controllers: ${known.join(', ')}`,
  )
}

function unavailable(name: string): ClusterError {
  const missing = needs[name]
  return new ClusterError(
    missing === undefined
      ? `--controllers: ${name} is not part of k8ts yet`
      : `--controllers: ${name} needs ${missing}`,
  )
}
