import { formatMicroTime, formatTime } from '#base'
import { Event, Lease, Namespace, Node, Pod } from '#api'
import { hasReason } from '#machinery'
import type { ControllerCluster } from './harness.ts'

const leaseNamespace = 'kube-node-lease'
/** As kubelets do. */
const renewalMs = 10_000

/** Nodes as the API sees them, with the pods a test puts there: what kubelets say, and no more. */
export class Kubelets {
  readonly #cluster: ControllerCluster

  constructor(cluster: ControllerCluster) {
    this.#cluster = cluster
  }

  async register(name: string, labels: Readonly<Record<string, string>> = {}): Promise<Node> {
    const { client } = this.#cluster
    const node = await client.resource(Node).create({
      metadata: { name, labels: { 'kubernetes.io/os': 'linux', ...labels } },
      status: this.#status('True'),
    })
    await this.#ensureNamespace()
    await client.resource(Lease).create({
      metadata: { name, namespace: leaseNamespace },
      spec: { holderIdentity: name, leaseDurationSeconds: 40, renewTime: this.#microTime() },
    })
    return node
  }

  /** The kubelet posts its status. */
  async post(name: string, ready: 'True' | 'False'): Promise<void> {
    const status = this.#cluster.client.resource(Node).subresource('status')
    await status.patch(name, { type: 'strategic', patch: { status: this.#status(ready) } })
  }

  /** Lets time pass while these nodes, and no others, renew their leases. */
  async live(names: readonly string[], forMs: number): Promise<void> {
    for (let leftMs = forMs; leftMs > 0; leftMs -= renewalMs) {
      const leases = this.#cluster.client.resource(Lease).namespace(leaseNamespace)
      for (const name of names) {
        const spec = { renewTime: this.#microTime() }
        await leases.patch(name, { type: 'merge', patch: { spec } })
      }
      await this.#cluster.advance(Math.min(renewalMs, leftMs))
    }
  }

  /** A pod that runs on the node, and is ready. */
  async run(name: string, nodeName: string, spec: object = {}): Promise<Pod> {
    const pods = this.#cluster.client.resource(Pod).namespace('default')
    await pods.create({
      metadata: { name },
      spec: { nodeName, containers: [{ name: 'c', image: 'i' }], ...spec },
    })
    const lastTransitionTime = formatTime(this.#cluster.clock.now())
    const status = {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'True', lastProbeTime: null, lastTransitionTime }],
    }
    return pods.subresource<Pod>('status').patch(name, { type: 'strategic', patch: { status } })
  }

  async node(name: string): Promise<Node> {
    return this.#cluster.client.resource(Node).get(name)
  }

  /** key:effect, in order. */
  async taints(name: string): Promise<readonly string[]> {
    const { spec } = await this.node(name)
    return (spec.taints ?? []).map(({ key, effect }) => `${key.split('/')[1]}:${effect}`).sort()
  }

  async events(about: string): Promise<readonly string[]> {
    const { items } = await this.#cluster.client.resource(Event).list()
    return items
      .filter(({ involvedObject }) => involvedObject.name === about)
      .map(({ type = '', reason = '', message = '', source }) =>
        [type, reason, message, source.component].join(' | '),
      )
  }

  #status(ready: 'True' | 'False') {
    const time = formatTime(this.#cluster.clock.now())
    const condition = (type: string, status: 'True' | 'False') => ({
      type,
      status,
      reason: `Kubelet${type}`,
      lastHeartbeatTime: time,
      lastTransitionTime: time,
    })
    return { conditions: [condition('Ready', ready), condition('MemoryPressure', 'False')] }
  }

  #microTime(): string {
    return formatMicroTime(this.#cluster.clock.now())
  }

  async #ensureNamespace(): Promise<void> {
    try {
      const namespaces = this.#cluster.client.resource(Namespace)
      await namespaces.create({ metadata: { name: leaseNamespace } })
    } catch (error) {
      if (!hasReason(error, 'AlreadyExists')) throw error
    }
  }
}
