import type { Deployment, ReplicaSet } from '#api'
import { dns1123SubdomainMaxLength, type ObjectMetaInput } from '#machinery'
import { controllerReference } from '../framework/controller-ref.ts'
import { currentAnnotations, withScale } from './revision.ts'
import { podTemplateHashLabel, templateHash } from './template-hash.ts'

/** The ReplicaSet for a template that has none yet. */
export function newReplicaSet(
  deployment: Deployment,
  replicas: number,
  revision: number,
): {
  readonly metadata: ObjectMetaInput & { readonly name: string }
  readonly spec: ReplicaSet['spec']
} {
  const { metadata, spec, status } = deployment
  const { template, selector, minReadySeconds } = spec
  const hash = templateHash(template, status.collisionCount)
  const labels = { ...template.metadata.labels, [podTemplateHashLabel]: hash }
  return {
    metadata: {
      name: setName(metadata.name ?? '', hash),
      namespace: metadata.namespace,
      labels,
      annotations: withScale(deployment, currentAnnotations(deployment, undefined, revision)),
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas,
      ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
      selector: withHash(selector, hash),
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  }
}

function setName(deployment: string, hash: string): string {
  return `${deployment.slice(0, dns1123SubdomainMaxLength - hash.length - 1)}-${hash}`
}

function withHash(selector: Selector, hash: string): Selector {
  return { ...selector, matchLabels: { ...selector?.matchLabels, [podTemplateHashLabel]: hash } }
}

type Selector = ReplicaSet['spec']['selector']
