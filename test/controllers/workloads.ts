import { Pod, ServiceAccount, type PodInput } from '#api'
import { formatTime, type VirtualClock } from '#base'
import type { Client } from '#client'
import { controllers, type Controller } from '#controllers'

/** What these need of a cluster. */
export interface Workloads {
  readonly client: Client
  readonly clock: VirtualClock
}

/** Those of the registry. */
export function named(...names: readonly string[]): readonly Controller[] {
  return controllers().filter(({ name }) => names.includes(name))
}

/** What pods need of their namespace. */
export async function prepareNamespace({ client }: Workloads): Promise<void> {
  const accounts = client.resource(ServiceAccount).namespace('default')
  await accounts.create({ metadata: { name: 'default' } })
}

export function podTemplate(
  app: string,
  image = 'busybox:1',
): {
  metadata: { labels: Record<string, string> }
  spec: NonNullable<PodInput['spec']>
} {
  return { metadata: { labels: { app } }, spec: { containers: [{ name: 'main', image }] } }
}

export async function podsOf(cluster: Workloads, labelSelector: string): Promise<readonly Pod[]> {
  const { items } = await cluster.client.resource(Pod).namespace('default').list({ labelSelector })
  return items
}

/** As a kubelet would report: the pods run and are ready, or not. */
export async function report(
  cluster: Workloads,
  pods: readonly Pod[],
  ready = true,
): Promise<void> {
  const { client, clock } = cluster
  for (const { metadata } of pods) {
    const lastTransitionTime = formatTime(clock.now())
    const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime }]
    const status = { phase: 'Running', conditions }
    await client
      .resource(Pod)
      .namespace('default')
      .subresource('status')
      .patch(metadata.name ?? '', { type: 'strategic', patch: { status } })
  }
  await clock.settle()
}
