/** Labels of the kubernetes.io and k8s.io domains that a kubelet may set on its own node. */
const ownLabels: ReadonlySet<string> = new Set([
  'kubernetes.io/hostname',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
])

const ownNamespaces = ['kubelet.kubernetes.io', 'node.kubernetes.io']
const reservedNamespaces = ['kubernetes.io', 'k8s.io']
const restrictedNamespace = 'node-restriction.kubernetes.io'

type Labels = Readonly<Record<string, string>> | undefined

/** What a kubelet changes of its node's labels and may not, in order (KEP "bounding self-labeling"). */
export function forbiddenLabels(next: Labels, old: Labels): readonly string[] {
  return changedLabels(next ?? {}, old ?? {})
    .filter(isForbidden)
    .sort()
}

function changedLabels(
  next: Readonly<Record<string, string>>,
  old: Readonly<Record<string, string>>,
): readonly string[] {
  const keys = new Set([...Object.keys(next), ...Object.keys(old)])
  const valueIn = (labels: Readonly<Record<string, string>>, key: string) =>
    Object.hasOwn(labels, key) ? labels[key] : undefined
  return [...keys].filter((key) => valueIn(next, key) !== valueIn(old, key))
}

function isForbidden(label: string): boolean {
  const namespace = label.includes('/') ? label.slice(0, label.indexOf('/')) : ''
  if (within(namespace, [restrictedNamespace])) return true
  const reserved = within(namespace, reservedNamespaces)
  return reserved && !ownLabels.has(label) && !within(namespace, ownNamespaces)
}

function within(namespace: string, domains: readonly string[]): boolean {
  return domains.some((domain) => namespace === domain || namespace.endsWith(`.${domain}`))
}
