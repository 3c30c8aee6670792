import { ConfigMap, Namespace } from '#api'
import { equalJson, hasReason } from '#machinery'
import { controller, type Controller } from '../framework/controller.ts'
import { isNamespaceTerminating } from '../framework/namespace-terminating.ts'
import type { ControllerOptions } from '../options.ts'

const name = 'kube-root-ca.crt'
const descriptionAnnotation = 'kubernetes.io/description'
/** Users read it in every namespace; upstream's words. */
const description =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.'

/** Every namespace has the CAs of the API server in a ConfigMap, which pods mount. */
export function rootCaPublisher({ rootCa }: ControllerOptions): Controller | undefined {
  if (rootCa === undefined) return undefined
  const data = { 'ca.crt': rootCa }
  return controller({
    name: 'root-ca-certificate-publisher-controller',
    account: 'root-ca-cert-publisher',
    setup(context) {
      const { client } = context
      const namespaces = context.watch(Namespace, ({ metadata }) => [metadata.name ?? ''])
      const maps = context.watch(ConfigMap, ({ metadata }) => [metadata.namespace ?? ''], {
        fieldSelector: `metadata.name=${name}`,
      })
      const annotations = { [descriptionAnnotation]: description }
      return async (namespace) => {
        const { status } = namespaces.lister.get('', namespace) ?? {}
        if (status?.phase !== 'Active') return
        const found = maps.lister.get(namespace, name)
        const described = found?.metadata.annotations?.[descriptionAnnotation] ?? ''
        if (found !== undefined && described !== '' && equalJson(found.data, data)) return
        const configMaps = client.resource(ConfigMap)
        try {
          if (found === undefined) {
            await configMaps.create({ metadata: { name, namespace, annotations }, data })
          } else {
            const { metadata } = found
            await configMaps.update({
              ...found,
              metadata: { ...metadata, annotations: { ...metadata.annotations, ...annotations } },
              data,
            })
          }
        } catch (error) {
          if (hasReason(error, 'NotFound')) return
          if (!isNamespaceTerminating(error)) throw error
        }
      }
    },
  })
}
