import { LocalSubjectAccessReview, Namespace } from '#api'
import { errors } from '#machinery'
import type { Lookup } from '../lookup.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import { refusal, refusalBecause } from './refusal.ts'

const immortal: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public'])
const namespaces = { group: '', resource: 'namespaces' }

/**
 * Nothing is written into a namespace that is not there, nothing new into one that is being
 * deleted, and the namespaces a cluster lives in stay. A namespace made a moment ago by another
 * server counts: `fresh` is asked before a refusal.
 */
export function namespaceLifecycle(lookup: Lookup, fresh: () => Promise<unknown>): AdmissionPlugin {
  const find = (name: string) => lookup.get<Namespace>(namespaces, '', name)
  return {
    name: 'NamespaceLifecycle',
    admit(attributes) {
      const { operation, namespace, name, resource } = attributes
      if (resource === Namespace) {
        if (operation !== 'DELETE' || !immortal.has(name)) return
        throw refusal(attributes, 'this namespace may not be deleted')
      }
      // A review must not tell whether a namespace is there.
      if (namespace === '' || operation === 'DELETE' || resource === LocalSubjectAccessReview)
        return
      const found = find(namespace)
      if (found !== undefined) return check(attributes, found)
      return fresh().then(() => {
        const made = find(namespace)
        if (made === undefined) throw errors.notFound(namespaces, namespace)
        check(attributes, made)
      })
    },
  }
}

function check(attributes: AdmissionAttributes, { status }: Namespace): void {
  if (attributes.operation !== 'CREATE' || status.phase !== 'Terminating') return
  const { namespace } = attributes
  throw refusalBecause(
    attributes,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
    {
      reason: 'NamespaceTerminating',
      message: `namespace ${namespace} is being terminated`,
      field: 'metadata.namespace',
    },
  )
}
