import { Pod, type PodInput, type PodTemplateSpec } from '#api'
import { asError } from '#base'
import type { Client, EventRecorder } from '#client'
import { hasReason, nameIsDNSSubdomain, type KubeObject } from '#machinery'
import { controllerReference } from '../framework/controller-ref.ts'
import { isNamespaceTerminating } from '../framework/namespace-terminating.ts'

/** The pod that a controller makes of its template, named by the server. */
export function podFromTemplate(owner: KubeObject, template: PodTemplateSpec): PodInput {
  const { labels, annotations, finalizers } = template.metadata
  const { name = '', namespace } = owner.metadata
  const prefix = `${name}-`
  return {
    metadata: {
      generateName: nameIsDNSSubdomain(prefix, true).length === 0 ? prefix : name,
      namespace,
      labels,
      annotations,
      finalizers,
      ownerReferences: [controllerReference(owner)],
    },
    // What stands in a template was accepted as a pod's.
    spec: template.spec as PodInput['spec'],
  }
}

/** Creates and deletes the pods of workloads, and says so in events about their owner. */
export class PodControl {
  readonly #client: Client
  readonly #events: EventRecorder

  constructor(client: Client, events: EventRecorder) {
    this.#client = client
    this.#events = events
  }

  async create(owner: KubeObject, pod: PodInput): Promise<Pod> {
    let created: Pod
    try {
      created = await this.#client.resource(Pod).create(pod)
    } catch (error) {
      // Nothing can be created in a namespace that is on its way out, and nobody need be told.
      if (!isNamespaceTerminating(error)) {
        const message = `Error creating: ${asError(error).message}`
        this.#events.record(owner, { type: 'Warning', reason: 'FailedCreate', message })
      }
      throw error
    }
    const message = `Created pod: ${created.metadata.name}`
    this.#events.record(owner, { type: 'Normal', reason: 'SuccessfulCreate', message })
    return created
  }

  /** Resolves with whether there was something to delete. */
  async delete(owner: KubeObject, pod: Pod): Promise<boolean> {
    const { namespace = '', name = '' } = pod.metadata
    try {
      await this.#client.resource(Pod).namespace(namespace).delete(name)
    } catch (error) {
      if (hasReason(error, 'NotFound')) return false
      const { message: why } = asError(error)
      const message = `Error deleting: ${why}`
      this.#events.record(owner, { type: 'Warning', reason: 'FailedDelete', message })
      throw new Error(`unable to delete pods: ${why}`, { cause: error })
    }
    const message = `Deleted pod: ${name}`
    this.#events.record(owner, { type: 'Normal', reason: 'SuccessfulDelete', message })
    return true
  }
}
