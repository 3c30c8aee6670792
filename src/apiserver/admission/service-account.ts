import { randomSuffix, type Clock, type Random } from '#base'
import { Pod, type ServiceAccount, type Volume } from '#api'
import { quote, type Mutable } from '#machinery'
import { podReferences, type PodReferences } from '../authorization/node-references.ts'
import type { Lookup } from '../lookup.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import { refusal } from './refusal.ts'

const serviceAccounts = { group: '', resource: 'serviceaccounts' }
const defaultName = 'default'
const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount'
const volumePrefix = 'kube-api-access-'
export const mirrorAnnotation = 'kubernetes.io/config.mirror'

/** The lifetime by which the token issuer knows tokens that pods may read once (KEP-1205). */
const tokenExpirationSeconds = 3607

/** How long a pod waits for the default account of a namespace made a moment ago. */
const defaultAccountWaitMs = 1_000

export interface ServiceAccountServices {
  readonly lookup: Lookup
  readonly clock: Clock
  readonly random: Random
  readonly fresh: () => Promise<unknown>
}

/**
 * Every pod runs as a service account: the namespace's default one where it names none. Unless it
 * or the account opts out, each container finds a token, the cluster's CA and its namespace below
 * /var/run/secrets/kubernetes.io/serviceaccount. Mirror pods are left as their kubelet made them.
 */
export function serviceAccount(services: ServiceAccountServices): AdmissionPlugin {
  return {
    name: 'ServiceAccount',
    admit(attributes) {
      if (!isNewPod(attributes)) return
      const pod = attributes.object as Mutable<Pod>
      if (isMirror(pod)) {
        checkMirror(attributes, pod)
        return
      }
      const name = pod.spec.serviceAccountName || pod.spec.serviceAccount || defaultName
      pod.spec.serviceAccountName = name
      pod.spec.serviceAccount = name
      const account = find(services.lookup, attributes.namespace, name)
      if (account !== undefined) return complete(pod, account, services.random)
      return awaited(services, attributes.namespace, name).then((made) => {
        if (made === undefined) throw missing(attributes, name)
        complete(pod, made, services.random)
      })
    },
    validate(attributes) {
      if (!isNewPod(attributes)) return
      const pod = attributes.object as Mutable<Pod>
      if (isMirror(pod)) {
        checkMirror(attributes, pod)
        return
      }
      const { serviceAccountName = '' } = pod.spec
      if (serviceAccountName === '') {
        throw refusal(
          attributes,
          `no service account specified for pod ${attributes.namespace}/${pod.metadata.name ?? ''}`,
        )
      }
      if (find(services.lookup, attributes.namespace, serviceAccountName) === undefined) {
        throw missing(attributes, serviceAccountName)
      }
    },
  }
}

function isNewPod({ operation, resource, subresource }: AdmissionAttributes): boolean {
  return operation === 'CREATE' && resource === Pod && subresource === ''
}

function isMirror({ metadata }: Mutable<Pod>): boolean {
  return Object.hasOwn(metadata.annotations ?? {}, mirrorAnnotation)
}

function checkMirror(attributes: AdmissionAttributes, pod: Mutable<Pod>): void {
  if ((pod.spec.serviceAccountName ?? '') !== '') {
    throw refusal(attributes, 'a mirror pod may not reference service accounts')
  }
  const unmarked = { ...pod, metadata: { ...pod.metadata, annotations: {} } }
  const references = podReferences(unmarked as unknown as PodReferences)
  for (const reference of references) {
    if (reference.startsWith('secret ')) {
      throw refusal(attributes, 'a mirror pod may not reference secrets')
    }
  }
  for (const { projected } of pod.spec.volumes ?? []) {
    if (projected?.sources?.some((source) => source.serviceAccountToken !== undefined) === true) {
      throw refusal(attributes, 'a mirror pod may not use ServiceAccountToken volume projections')
    }
  }
}

function find(lookup: Lookup, namespace: string, name: string): ServiceAccount | undefined {
  return lookup.get<ServiceAccount>(serviceAccounts, namespace, name)
}

function missing(attributes: AdmissionAttributes, name: string) {
  return refusal(
    attributes,
    `error looking up service account ${attributes.namespace}/${name}: serviceaccount ${quote(name)} not found`,
  )
}

/** The account as soon as it is there; a namespace's default one is made by a controller. */
async function awaited(
  { lookup, clock, fresh }: ServiceAccountServices,
  namespace: string,
  name: string,
): Promise<ServiceAccount | undefined> {
  await fresh()
  const found = find(lookup, namespace, name)
  if (found !== undefined || name !== defaultName) return found
  return new Promise((resolve) => {
    const finish = (account: ServiceAccount | undefined) => {
      timer.cancel()
      stop()
      resolve(account)
    }
    const timer = clock.timer(defaultAccountWaitMs, () => finish(undefined))
    const stop = lookup.onChange<ServiceAccount>(serviceAccounts, ({ object }) => {
      const { metadata } = object ?? {}
      if (metadata?.namespace === namespace && metadata.name === name) finish(object)
    })
  })
}

function complete(pod: Mutable<Pod>, account: ServiceAccount, random: Random): void {
  const { spec } = pod
  const automount =
    spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true
  if (automount) mountToken(pod, random)
  if ((spec.imagePullSecrets ?? []).length === 0 && account.imagePullSecrets !== undefined) {
    spec.imagePullSecrets = account.imagePullSecrets.map((secret) => ({ ...secret }))
  }
}

/** Containers that mount something at the token's path keep it. */
function mountToken({ spec }: Mutable<Pod>, random: Random): void {
  const present = spec.volumes?.find(
    ({ name, projected }) => projected !== undefined && name.startsWith(volumePrefix),
  )
  const name = present?.name ?? `${volumePrefix}${randomSuffix(random, 5)}`
  let needed = false
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    const mounts = container.volumeMounts ?? []
    if (mounts.some((mount) => mount.mountPath === mountPath)) continue
    container.volumeMounts = [...mounts, { name, readOnly: true, mountPath }]
    needed = true
  }
  if (needed && present === undefined) {
    spec.volumes = [...(spec.volumes ?? []), tokenVolume(name)]
  }
}

function tokenVolume(name: string): Mutable<Volume> {
  return {
    name,
    projected: {
      defaultMode: 0o644,
      sources: [
        { serviceAccountToken: { expirationSeconds: tokenExpirationSeconds, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        {
          downwardAPI: {
            items: [
              {
                path: 'namespace',
                fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' },
              },
            ],
          },
        },
      ],
    },
  }
}
