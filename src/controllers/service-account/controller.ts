import { Namespace, ServiceAccount } from '#api'
import { hasReason } from '#machinery'
import { controller } from '../framework/controller.ts'
import { isNamespaceTerminating } from '../framework/namespace-terminating.ts'

const name = 'default'

/** Every namespace has a service account of the name default, which pods run as by default. */
export const serviceAccountController = controller({
  name: 'serviceaccount-controller',
  account: 'service-account-controller',
  setup(context) {
    const { client } = context
    const namespaces = context.watch(Namespace, ({ metadata }) => [metadata.name ?? ''])
    const accounts = context.watch(
      ServiceAccount,
      ({ metadata }) => (metadata.name === name ? [metadata.namespace ?? ''] : []),
      { relevant: () => false },
    )
    return async (namespace) => {
      const { status } = namespaces.lister.get('', namespace) ?? {}
      if (status?.phase !== 'Active') return
      if (accounts.lister.get(namespace, name) !== undefined) return
      try {
        await client.resource(ServiceAccount).create({ metadata: { name, namespace } })
      } catch (error) {
        if (hasReason(error, 'AlreadyExists') || hasReason(error, 'NotFound')) return
        if (!isNamespaceTerminating(error)) throw error
      }
    }
  },
})
