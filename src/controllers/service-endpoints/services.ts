import type { Pod, Service } from '#api'
import { objectKey, type Lister } from '#client'
import { selectorOfLabels } from '../framework/selector-of.ts'

/** The keys of the services that select the pod. */
export function* servicesOf(services: Lister<Service>, { metadata }: Pod) {
  for (const service of services.list(metadata.namespace ?? '')) {
    if (selectorOfLabels(service.spec.selector).matches(metadata.labels)) yield objectKey(service)
  }
}

/** Whether its endpoints are the pods it selects; others' are made by somebody else. */
export function selectsEndpoints({ spec }: Service): boolean {
  return spec.type !== 'ExternalName' && spec.selector !== undefined
}

export function podsOf(pods: Lister<Pod>, { metadata, spec }: Service): Pod[] {
  return pods.list(metadata.namespace ?? '', selectorOfLabels(spec.selector))
}

/** On what is derived from a service without an address of its own. */
export const headlessLabel = 'service.kubernetes.io/headless'

export function isHeadless({ spec }: Service): boolean {
  const { clusterIP = '' } = spec
  return clusterIP === '' || clusterIP === 'None'
}
