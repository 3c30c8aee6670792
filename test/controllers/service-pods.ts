import { Node, Pod, Service, ServiceAccount, type ServiceInput } from '#api'
import { formatTime } from '#base'
import type { ControllerCluster } from './harness.ts'

export interface PodState {
  readonly ip?: string
  readonly ready?: boolean
  readonly phase?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly spec?: object
}

/** Pods that run where a test puts them, as kubelets would report them, and services for them. */
export class ServicePods {
  readonly #cluster: ControllerCluster

  constructor(cluster: ControllerCluster) {
    this.#cluster = cluster
  }

  async prepare(...nodes: readonly string[]): Promise<void> {
    const { client } = this.#cluster
    const accounts = client.resource(ServiceAccount).namespace('default')
    await accounts.create({ metadata: { name: 'default' } })
    for (const name of nodes) await this.node(name)
  }

  async node(name: string, labels: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.#cluster.client.resource(Node).create({ metadata: { name, labels } })
  }

  service(name: string, spec: ServiceInput['spec'] = {}): Promise<Service> {
    return this.#cluster.client
      .resource(Service)
      .namespace('default')
      .create({
        metadata: { name },
        spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }], ...spec },
      })
  }

  async pod(name: string, state: PodState = {}): Promise<void> {
    const { labels = { app: 'web' }, spec = {} } = state
    await this.#cluster.client
      .resource(Pod)
      .namespace('default')
      .create({
        metadata: { name, labels },
        spec: {
          nodeName: 'node-1',
          containers: [{ name: 'web', image: 'web', ports: [{ name: 'web', containerPort: 90 }] }],
          ...spec,
        },
      })
    await this.report(name, state)
  }

  async report(name: string, { ip, ready = true, phase = 'Running' }: PodState): Promise<void> {
    const lastTransitionTime = formatTime(this.#cluster.clock.now())
    const status = {
      phase,
      ...(ip !== undefined && { podIP: ip, podIPs: [{ ip }] }),
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime }],
    }
    await this.#cluster.client
      .resource(Pod)
      .namespace('default')
      .subresource('status')
      .patch(name, { type: 'strategic', patch: { status } })
  }
}
