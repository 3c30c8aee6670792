import { ConfigMap, Namespace, PriorityClass, ServiceCIDR } from '#api'
import { formatTime } from '#base'
import type { Registry } from '../registry/call.ts'
import type { Advertised } from './api-endpoints.ts'
import { ensureKubernetesService } from './kubernetes-service.ts'
import { ensureRoles } from './roles.ts'
import type { SystemClient } from './system-client.ts'

export { ApiEndpoints } from './api-endpoints.ts'
export { SystemClient } from './system-client.ts'

export interface BootstrapOptions {
  readonly client: SystemClient
  readonly registry: Registry
  readonly serviceCidrs: readonly string[]
  /** PEM; published for extension API servers. */
  readonly clientCa: string | undefined
  readonly requestHeaderCa: string | undefined
  readonly advertise: Advertised | undefined
}

/**
 * Makes what every cluster has and brings it up to date: system namespaces, default roles, priority
 * classes, the service range, the `kubernetes` Service. Idempotent, and safe for several servers on
 * one store at once. What stands as it should is not written.
 */
export async function bootstrap(options: BootstrapOptions): Promise<void> {
  const { client, registry, serviceCidrs, advertise } = options
  // Everything below needs its namespace, and the Service its range.
  await client.plant(systemNamespaces)
  await ensureRoles(client, registry)
  await client.plant(priorityClasses)
  await ensureServiceRange(client, registry, serviceCidrs)
  await Promise.all([
    ensureExtensionAuthentication(client, options),
    ensureKubernetesService(client, serviceCidrs, advertise?.port ?? 6443),
  ])
}

const systemNamespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'].map(
  (name) => ({ resource: Namespace, object: { metadata: { name } } }),
)

/**
 * The range that the server's own flags give (KEP-1880). The server says itself that it is ready,
 * once; later it is the range's controller that does.
 */
async function ensureServiceRange(
  client: SystemClient,
  { clock }: Registry,
  cidrs: readonly string[],
): Promise<void> {
  const wanted = { metadata: { name: 'kubernetes' }, spec: { cidrs: [...cidrs] } }
  await client.ensure(ServiceCIDR, wanted)
  const present = client.get(ServiceCIDR, '', 'kubernetes') as ServiceCIDR | undefined
  const said = present?.status.conditions?.some(({ type }) => type === 'Ready') ?? false
  if (said || present?.metadata.deletionTimestamp !== undefined) return
  const ready = {
    type: 'Ready',
    status: 'True',
    reason: '',
    message: 'Kubernetes default Service CIDR is ready',
    lastTransitionTime: formatTime(clock.now()),
  }
  await client.updateStatus(ServiceCIDR, { ...wanted, status: { conditions: [ready] } })
}

const priorityClasses = [
  {
    metadata: { name: 'system-node-critical' },
    value: 2_000_001_000,
    description: 'For pods that a node cannot do without; they must not be moved from their node.',
  },
  {
    metadata: { name: 'system-cluster-critical' },
    value: 2_000_000_000,
    description: 'For pods that a cluster cannot do without; they may be moved if necessary.',
  },
].map((object) => ({ resource: PriorityClass, object }))

/** Where extension API servers find whom to trust. */
async function ensureExtensionAuthentication(
  client: SystemClient,
  { clientCa, requestHeaderCa }: BootstrapOptions,
): Promise<void> {
  const name = 'extension-apiserver-authentication'
  const data = {
    ...(clientCa === undefined ? {} : { 'client-ca-file': clientCa }),
    ...(requestHeaderCa === undefined
      ? {}
      : {
          'requestheader-allowed-names': '[]',
          'requestheader-client-ca-file': requestHeaderCa,
          'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
          'requestheader-group-headers': '["X-Remote-Group"]',
          'requestheader-uid-headers': '["X-Remote-Uid"]',
          'requestheader-username-headers': '["X-Remote-User"]',
        }),
  }
  await client.put(ConfigMap, { metadata: { name, namespace: 'kube-system' }, data })
}
