import {
  CertificateSigningRequest,
  CSINode,
  Lease,
  Node,
  PersistentVolumeClaim,
  Pod,
  ResourceSlice,
  ServiceAccount,
  type TokenRequestSpec,
} from '#api'
import { equalJson, errors, quote, type Mutable, type ObjectDraft } from '#machinery'
import type { Authorizer } from '../authorization/authorizer.ts'
import { nodeOf } from '../authorization/node.ts'
import { podReferences, type PodReferences } from '../authorization/node-references.ts'
import type { Lookup } from '../lookup.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import { readRequest } from './certificates.ts'
import { mayRequestAudience } from './node-audience.ts'
import { forbiddenLabels } from './node-labels.ts'
import { refusal } from './refusal.ts'
import { mirrorAnnotation } from './service-account.ts'

const pods = { group: '', resource: 'pods' }
const nodes = { group: '', resource: 'nodes' }
const leaseNamespace = 'kube-node-lease'

/**
 * Keeps each kubelet to its own node: its Node object without taints and foreign labels, its pods'
 * status and deletion, its mirror pods, tokens of its pods, its Lease, CSINode, ResourceSlices and
 * certificate requests. Which objects it may reach at all is the Node authorizer's question.
 */
export function nodeRestriction(lookup: Lookup, authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'NodeRestriction',
    admit(attributes) {
      const node = nodeOf(attributes.user)
      if (node === undefined) return
      if (node === '') throw refusal(attributes, 'could not determine node identity from user')
      const write: NodeWrite = { lookup, authorizer, node, name: quote(node), attributes }
      switch (attributes.resource) {
        case Pod:
          return admitPods(write)
        case Node:
          return admitNode(write)
        case PersistentVolumeClaim:
          return admitClaim(write)
        case ServiceAccount:
          return admitToken(write)
        case Lease:
          return admitLease(write)
        case CSINode:
          return admitCsiNode(write)
        case ResourceSlice:
          return admitSlice(write)
        case CertificateSigningRequest:
          return admitSigningRequest(write)
        default:
          return undefined
      }
    },
  }
}

interface NodeWrite {
  readonly lookup: Lookup
  readonly authorizer: Authorizer
  readonly node: string
  /** The node's name in quotes, as messages have it. */
  readonly name: string
  readonly attributes: AdmissionAttributes
}

function admitPods(write: NodeWrite): void {
  const { attributes } = write
  switch (attributes.subresource) {
    case '':
      return admitPod(write)
    case 'status':
      return admitPodStatus(write)
    case 'eviction':
      return admitEviction(write)
    default:
      throw refusal(
        attributes,
        `unexpected pod subresource ${quote(attributes.subresource)}, only 'status' and 'eviction' are allowed`,
      )
  }
}

function admitPod(write: NodeWrite): void {
  const { attributes, node, name } = write
  if (attributes.operation === 'CREATE') return admitMirrorPod(write)
  if (attributes.operation !== 'DELETE') {
    throw refusal(
      attributes,
      `unexpected operation ${quote(attributes.operation)}, node ${name} can only create and delete mirror pods`,
    )
  }
  if (podOf(write, attributes.name).spec.nodeName !== node) {
    throw refusal(attributes, `node ${name} can only delete pods with spec.nodeName set to itself`)
  }
}

function admitMirrorPod(write: NodeWrite): void {
  const { attributes, node, name } = write
  const { metadata, spec } = attributes.object as Mutable<Pod>
  const refuse = (why: string) => {
    throw refusal(attributes, why)
  }
  if (!Object.hasOwn(metadata.annotations ?? {}, mirrorAnnotation)) {
    refuse(
      `pod does not have ${quote(mirrorAnnotation)} annotation, node ${name} can only create mirror pods`,
    )
  }
  if (spec.nodeName !== node) {
    refuse(`node ${name} can only create pods with spec.nodeName set to itself`)
  }
  checkOwner(write, metadata)
  if ((spec.serviceAccountName ?? '') !== '') {
    refuse(`node ${name} can not create pods that reference a service account`)
  }
  const kinds = referencedKinds(attributes.object)
  if (kinds.has('secret')) refuse(`node ${name} can not create pods that reference secrets`)
  if (kinds.has('configmap')) refuse(`node ${name} can not create pods that reference configmaps`)
  const trusts = spec.volumes?.some(
    ({ projected }) =>
      projected?.sources?.some((source) => source.clusterTrustBundle !== undefined) === true,
  )
  if (trusts === true) {
    refuse(`node ${name} can not create pods that reference clustertrustbundles`)
  }
  if (kinds.has('pvc')) {
    refuse(`node ${name} can not create pods that reference persistentvolumeclaims`)
  }
  if ((spec.resourceClaims ?? []).length > 0) {
    refuse(`node ${name} can not create pods that reference resourceclaims`)
  }
}

/** A mirror pod belongs to its node, and goes with it. */
function checkOwner(write: NodeWrite, metadata: ObjectDraft['metadata']): void {
  const { attributes, lookup, node, name } = write
  const itself = 'owner reference set to itself'
  const [owner, ...others] = metadata.ownerReferences ?? []
  if (others.length > 0) {
    throw refusal(attributes, `node ${name} can only create pods with a single ${itself}`)
  }
  if (
    owner === undefined ||
    owner.apiVersion !== 'v1' ||
    owner.kind !== 'Node' ||
    owner.name !== node
  ) {
    throw refusal(attributes, `node ${name} can only create pods with an ${itself}`)
  }
  if (owner.controller !== true) {
    throw refusal(attributes, `node ${name} can only create pods with a controller ${itself}`)
  }
  if (owner.blockOwnerDeletion === true) {
    throw refusal(attributes, `node ${name} must not set blockOwnerDeletion on an owner reference`)
  }
  const found = lookup.get<Node>(nodes, '', node)
  if (found === undefined) throw errors.notFound(nodes, node)
  const uid = found.metadata.uid ?? ''
  if (owner.uid !== uid) {
    throw refusal(attributes, `node ${node} UID mismatch: expected ${owner.uid} got ${uid}`)
  }
}

/** What kinds of objects a pod refers to, whether or not it is a mirror pod. */
function referencedKinds(object: ObjectDraft | undefined): ReadonlySet<string> {
  const pod = object as unknown as PodReferences
  const unmarked = { ...pod, metadata: { ...pod.metadata, annotations: {} } }
  return new Set([...podReferences(unmarked)].map((key) => key.slice(0, key.indexOf(' '))))
}

function admitPodStatus({ attributes, node, name }: NodeWrite): void {
  if (attributes.operation !== 'UPDATE') {
    throw refusal(attributes, `unexpected operation ${quote(attributes.operation)}`)
  }
  const pod = attributes.object as Mutable<Pod>
  const old = attributes.old as Pod
  if (old.spec.nodeName !== node) {
    throw refusal(
      attributes,
      `node ${name} can only update pod status for pods with spec.nodeName set to itself`,
    )
  }
  if (!equalJson(pod.metadata.labels ?? {}, old.metadata.labels ?? {})) {
    throw refusal(attributes, `node ${name} cannot update labels through pod status`)
  }
  const { resourceClaimStatuses, extendedResourceClaimStatus } = pod.status ?? {}
  const before = old.status
  if (
    !equalJson(resourceClaimStatuses ?? [], before?.resourceClaimStatuses ?? []) ||
    !equalJson(extendedResourceClaimStatus ?? null, before?.extendedResourceClaimStatus ?? null)
  ) {
    throw refusal(attributes, `node ${name} cannot update resource claim statuses`)
  }
}

function admitEviction(write: NodeWrite): void {
  const { attributes, node } = write
  if (attributes.operation !== 'CREATE') {
    throw refusal(attributes, `unexpected operation ${attributes.operation}`)
  }
  const name = attributes.name || (attributes.object?.metadata.name ?? '')
  if (name === '') throw refusal(attributes, 'could not determine pod from request data')
  if (podOf(write, name).spec.nodeName !== node) {
    throw refusal(attributes, `node ${node} can only evict pods with spec.nodeName set to itself`)
  }
}

function podOf({ lookup, attributes }: NodeWrite, name: string): Pod {
  const pod = lookup.get<Pod>(pods, attributes.namespace, name)
  if (pod === undefined) throw errors.notFound(pods, name)
  return pod
}

function admitNode({ attributes, node, name }: NodeWrite): void {
  const { operation } = attributes
  const requested = attributes.name || (attributes.object?.metadata.name ?? '')
  const refuse = (why: string) => {
    throw refusal(attributes, why)
  }
  if (requested !== node) {
    refuse(`node ${name} is not allowed to modify node ${quote(requested)}`)
  }
  if (operation !== 'CREATE' && operation !== 'UPDATE') return
  const next = attributes.object as Mutable<Node>
  const old = attributes.old as Node | undefined
  const labels = forbiddenLabels(next.metadata.labels, old?.metadata.labels).join(', ')
  const { configSource } = next.spec ?? {}
  if (old === undefined) {
    if (configSource !== undefined) {
      refuse(`node ${name} is not allowed to create pods with a non-nil configSource`)
    }
    if (labels !== '') {
      refuse(`node ${name} is not allowed to set the following labels: ${labels}`)
    }
    return
  }
  if (configSource !== undefined && !equalJson(configSource, old.spec.configSource)) {
    refuse(`node ${name} is not allowed to update configSource to a new non-nil configSource`)
  }
  if (!equalJson(next.spec?.taints ?? [], old.spec.taints ?? [])) {
    refuse(`node ${name} is not allowed to modify taints`)
  }
  if (labels !== '') refuse(`node ${name} is not allowed to modify labels: ${labels}`)
  if (!equalJson(next.metadata.ownerReferences ?? [], old.metadata.ownerReferences ?? [])) {
    refuse(`node ${name} is not allowed to modify ownerReferences`)
  }
}

function admitClaim({ attributes, name }: NodeWrite): void {
  if (attributes.subresource !== 'status') {
    throw refusal(
      attributes,
      `unexpected subresource ${quote(attributes.subresource)}, node ${name} may only update PVC status`,
    )
  }
  if (attributes.operation !== 'UPDATE') {
    throw refusal(attributes, `unexpected operation ${quote(attributes.operation)}`)
  }
  const next = attributes.object as Mutable<PersistentVolumeClaim>
  const old = attributes.old as PersistentVolumeClaim
  if (equalJson(withoutResize(next), withoutResize(old))) return
  throw refusal(
    attributes,
    `node ${name} is not allowed to update fields other than status.quantity and status.conditions`,
  )
}

/** A claim without what a kubelet reports when it has grown a volume. */
function withoutResize(claim: PersistentVolumeClaim | Mutable<PersistentVolumeClaim>): unknown {
  const { managedFields: _m, resourceVersion: _r, ...metadata } = claim.metadata
  const {
    capacity: _c,
    conditions: _d,
    allocatedResources: _a,
    allocatedResourceStatuses: _s,
    ...status
  } = claim.status ?? {}
  return { ...claim, metadata, status }
}

function admitToken(write: NodeWrite): void {
  const { attributes, lookup, authorizer, node } = write
  if (attributes.operation !== 'CREATE' || attributes.subresource !== 'token') return
  const { spec } = attributes.object as ObjectDraft & { readonly spec: TokenRequestSpec }
  const reference = spec.boundObjectRef ?? {}
  const { apiVersion, kind, name = '', uid = '' } = reference
  if (apiVersion !== 'v1' || kind !== 'Pod' || name === '') {
    throw refusal(attributes, 'node requested token not bound to a pod')
  }
  if (uid === '') {
    throw refusal(attributes, 'node requested token with a pod binding without a uid')
  }
  const pod = podOf(write, name)
  if (uid !== pod.metadata.uid) {
    throw refusal(
      attributes,
      `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    )
  }
  if (pod.spec.nodeName !== node) {
    throw refusal(attributes, 'node requested token bound to a pod scheduled on a different node')
  }
  const [audience = '', ...others] = spec.audiences ?? []
  if (others.length > 0) throw refusal(attributes, 'node may only request 0 or 1 audiences')
  const request = { user: attributes.user, pod, account: attributes.name }
  if (!mayRequestAudience(lookup, authorizer, request, audience)) {
    throw refusal(attributes, `audience ${quote(audience)} not found in pod spec volume`)
  }
}

function admitLease({ attributes, node }: NodeWrite): void {
  if (attributes.namespace !== leaseNamespace) {
    throw refusal(
      attributes,
      `can only access leases in the ${quote(leaseNamespace)} system namespace`,
    )
  }
  if ((attributes.name || attributes.object?.metadata.name) !== node) {
    throw refusal(
      attributes,
      'can only access node lease with the same name as the requesting node',
    )
  }
}

function admitCsiNode({ attributes, node }: NodeWrite): void {
  if ((attributes.name || attributes.object?.metadata.name) !== node) {
    throw refusal(attributes, 'can only access CSINode with the same name as the requesting node')
  }
}

function admitSlice({ attributes, node }: NodeWrite): void {
  const { operation } = attributes
  if (operation !== 'CREATE' && operation !== 'DELETE') return
  const slice = (operation === 'CREATE' ? attributes.object : attributes.old) as
    | ResourceSlice
    | undefined
  if (slice === undefined || slice.spec.nodeName === node) return
  throw refusal(
    attributes,
    `can only ${operation.toLowerCase()} ResourceSlice with the same NodeName as the requesting node`,
  )
}

const kubeletSigners: ReadonlySet<string> = new Set([
  'kubernetes.io/kubelet-serving',
  'kubernetes.io/kube-apiserver-client-kubelet',
])

function admitSigningRequest({ attributes, node }: NodeWrite): void {
  if (attributes.operation !== 'CREATE') return
  const { spec } = attributes.object as Mutable<CertificateSigningRequest>
  if (!kubeletSigners.has(spec.signerName)) return
  const { subject } = readRequest(attributes, spec.request ?? '')
  if (subject.commonName !== `system:node:${node}`) {
    throw refusal(attributes, `can only create a node CSR with CN=system:node:${node}`)
  }
}
