/** What kubelets may read for the pods of their node, derived from pods and volumes; pure. */

export interface LocalReference {
  readonly name?: string
}

interface SecretReference {
  readonly name?: string
  readonly namespace?: string
}

interface Container {
  readonly env?: readonly {
    readonly valueFrom?: {
      readonly secretKeyRef?: LocalReference
      readonly configMapKeyRef?: LocalReference
    }
  }[]
  readonly envFrom?: readonly {
    readonly secretRef?: LocalReference
    readonly configMapRef?: LocalReference
  }[]
}

interface Volume {
  readonly name: string
  readonly secret?: { readonly secretName?: string }
  readonly configMap?: LocalReference
  readonly persistentVolumeClaim?: { readonly claimName: string }
  readonly ephemeral?: object
  readonly projected?: {
    readonly sources?:
      | readonly { readonly secret?: LocalReference; readonly configMap?: LocalReference }[]
      | null
  }
  readonly azureFile?: { readonly secretName?: string }
  readonly csi?: { readonly nodePublishSecretRef?: LocalReference }
  readonly cephfs?: { readonly secretRef?: LocalReference }
  readonly cinder?: { readonly secretRef?: LocalReference }
  readonly flexVolume?: { readonly secretRef?: LocalReference }
  readonly rbd?: { readonly secretRef?: LocalReference }
  readonly scaleIO?: { readonly secretRef?: LocalReference }
  readonly iscsi?: { readonly secretRef?: LocalReference }
  readonly storageos?: { readonly secretRef?: LocalReference }
}

/** What is read of a Pod. */
export interface PodReferences {
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec: {
    readonly nodeName?: string
    readonly serviceAccountName?: string
    readonly imagePullSecrets?: readonly LocalReference[]
    readonly containers?: readonly Container[]
    readonly initContainers?: readonly Container[]
    readonly ephemeralContainers?: readonly Container[]
    readonly volumes?: readonly Volume[]
    readonly resourceClaims?: readonly {
      readonly name: string
      readonly resourceClaimName?: string
      readonly resourceClaimTemplateName?: string
    }[]
  }
  readonly status?: {
    readonly resourceClaimStatuses?: readonly {
      readonly name: string
      readonly resourceClaimName?: string
    }[]
    readonly extendedResourceClaimStatus?: { readonly resourceClaimName?: string }
  }
}

/** What is read of a PersistentVolume. */
export interface VolumeReferences {
  readonly metadata: { readonly name: string }
  readonly spec: {
    readonly claimRef?: { readonly namespace?: string; readonly name?: string }
    readonly azureFile?: { readonly secretName?: string; readonly secretNamespace?: string }
    readonly cephfs?: { readonly secretRef?: SecretReference }
    readonly cinder?: { readonly secretRef?: SecretReference }
    readonly flexVolume?: { readonly secretRef?: SecretReference }
    readonly rbd?: { readonly secretRef?: SecretReference }
    readonly scaleIO?: { readonly secretRef?: SecretReference }
    readonly iscsi?: { readonly secretRef?: SecretReference }
    readonly storageos?: { readonly secretRef?: SecretReference }
    readonly csi?: {
      readonly nodePublishSecretRef?: SecretReference
      readonly nodeStageSecretRef?: SecretReference
      readonly nodeExpandSecretRef?: SecretReference
    }
  }
}

export type ReferenceKind = 'secret' | 'configmap' | 'pvc' | 'serviceaccount' | 'resourceclaim'

export function referenceKey(kind: ReferenceKind, namespace: string, name: string): string {
  return `${kind} ${namespace}/${name}`
}

const mirrorAnnotation = 'kubernetes.io/config.mirror'

/** The keys of all a pod refers to, each once. */
export function podReferences(pod: PodReferences): ReadonlySet<string> {
  const { name: podName, namespace, annotations } = pod.metadata
  const keys = new Set<string>()
  // A kubelet makes its mirror pods itself: they must not grant it anything.
  if (annotations !== undefined && Object.hasOwn(annotations, mirrorAnnotation)) return keys
  const add = (kind: ReferenceKind, name: string | undefined) => {
    if (name !== undefined && name !== '') keys.add(referenceKey(kind, namespace, name))
  }
  const { spec, status } = pod
  add('serviceaccount', spec.serviceAccountName)
  for (const secret of spec.imagePullSecrets ?? []) add('secret', secret.name)
  for (const container of [
    ...(spec.containers ?? []),
    ...(spec.initContainers ?? []),
    ...(spec.ephemeralContainers ?? []),
  ]) {
    for (const { valueFrom } of container.env ?? []) {
      add('secret', valueFrom?.secretKeyRef?.name)
      add('configmap', valueFrom?.configMapKeyRef?.name)
    }
    for (const { secretRef, configMapRef } of container.envFrom ?? []) {
      add('secret', secretRef?.name)
      add('configmap', configMapRef?.name)
    }
  }
  for (const volume of spec.volumes ?? []) {
    add('configmap', volume.configMap?.name)
    add('pvc', volume.persistentVolumeClaim?.claimName)
    if (volume.ephemeral !== undefined) add('pvc', `${podName}-${volume.name}`)
    for (const secret of volumeSecrets(volume)) add('secret', secret)
    for (const source of volume.projected?.sources ?? []) {
      add('secret', source.secret?.name)
      add('configmap', source.configMap?.name)
    }
  }
  for (const claim of spec.resourceClaims ?? []) {
    const made = status?.resourceClaimStatuses?.find(({ name }) => name === claim.name)
    add('resourceclaim', claim.resourceClaimName ?? made?.resourceClaimName)
  }
  add('resourceclaim', status?.extendedResourceClaimStatus?.resourceClaimName)
  return keys
}

function volumeSecrets(volume: Volume): readonly (string | undefined)[] {
  return [
    volume.secret?.secretName,
    volume.azureFile?.secretName,
    volume.csi?.nodePublishSecretRef?.name,
    volume.cephfs?.secretRef?.name,
    volume.cinder?.secretRef?.name,
    volume.flexVolume?.secretRef?.name,
    volume.rbd?.secretRef?.name,
    volume.scaleIO?.secretRef?.name,
    volume.iscsi?.secretRef?.name,
    volume.storageos?.secretRef?.name,
  ]
}

/** The keys of the secrets a kubelet needs to mount a bound volume. */
export function volumeSecretKeys({ spec }: VolumeReferences): ReadonlySet<string> {
  const keys = new Set<string>()
  const claimNamespace = spec.claimRef?.namespace ?? ''
  const add = (reference: SecretReference | undefined) => {
    if (reference?.name === undefined || reference.name === '') return
    keys.add(referenceKey('secret', reference.namespace || claimNamespace, reference.name))
  }
  const { azureFile } = spec
  if (azureFile?.secretName !== undefined) {
    add({ name: azureFile.secretName, namespace: azureFile.secretNamespace ?? '' })
  }
  for (const source of [
    spec.cephfs,
    spec.cinder,
    spec.flexVolume,
    spec.rbd,
    spec.scaleIO,
    spec.iscsi,
    spec.storageos,
  ]) {
    add(source?.secretRef)
  }
  add(spec.csi?.nodePublishSecretRef)
  add(spec.csi?.nodeStageSecretRef)
  add(spec.csi?.nodeExpandSecretRef)
  return keys
}
