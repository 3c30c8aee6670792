import { formatGroupResource, quote } from '#machinery'
import { groups, type UserInfo } from '../authentication/user.ts'
import {
  noOpinion,
  noRules,
  type Attributes,
  type Authorizer,
  type Decision,
  type PolicyRule,
  type RulesOf,
} from './authorizer.ts'
import type { NodeGraph } from './node-graph.ts'
import type { ReferenceKind } from './node-references.ts'
import { ruleAllows } from './rules.ts'

const userPrefix = 'system:node:'
const leaseNamespace = 'kube-node-lease'

/** The node a user is the kubelet of: '' for a kubelet without a name, undefined for anybody else. */
export function nodeOf(user: UserInfo): string | undefined {
  if (!user.name.startsWith(userPrefix) || !user.groups.includes(groups.nodes)) return undefined
  return user.name.slice(userPrefix.length)
}

/**
 * Lets each kubelet reach what its own node needs (KEP-4601 with selectors): objects its pods refer
 * to, its own Node, Lease, CSINode and ResourceSlices; everything not divided by node by the rules of
 * the role system:node. What a kubelet may write into those objects is for the NodeRestriction
 * admission to say.
 */
export class NodeAuthorizer implements Authorizer {
  readonly #graph: NodeGraph
  readonly #rules: readonly PolicyRule[]

  constructor(graph: NodeGraph, nodeRules: readonly PolicyRule[]) {
    this.#graph = graph
    this.#rules = nodeRules
  }

  authorize(attributes: Attributes): Decision {
    const node = nodeOf(attributes.user)
    if (node === undefined) return noOpinion
    if (node === '') return no(`unknown node for user ${quote(attributes.user.name)}`)
    if (!attributes.resourceRequest) return this.#byRules(attributes)
    const { apiGroup: group, resource } = attributes
    switch (formatGroupResource({ group, resource })) {
      case 'secrets':
        return this.#read(node, 'secret', attributes)
      case 'configmaps':
        return this.#read(node, 'configmap', attributes)
      case 'persistentvolumeclaims':
        return attributes.subresource === 'status'
          ? this.#updateStatus(node, 'pvc', attributes)
          : this.#get(node, 'pvc', attributes)
      case 'persistentvolumes':
        return get(attributes, () => related(this.#graph.usesVolume(node, attributes.name), node))
      case 'resourceclaims.resource.k8s.io':
        return this.#get(node, 'resourceclaim', attributes)
      case 'volumeattachments.storage.k8s.io':
        return get(attributes, () =>
          related(this.#graph.attachmentNode(attributes.name) === node, node),
        )
      case 'serviceaccounts':
        return this.#serviceAccount(node, attributes)
      case 'leases.coordination.k8s.io':
        return lease(node, attributes)
      case 'csinodes.storage.k8s.io':
        return csiNode(node, attributes)
      case 'resourceslices.resource.k8s.io':
        return this.#resourceSlice(node, attributes)
      case 'nodes':
        return ownNode(node, attributes)
      case 'pods':
        return this.#pod(node, attributes)
      default:
        return this.#byRules(attributes)
    }
  }

  rulesFor(user: UserInfo): RulesOf {
    if (nodeOf(user) === undefined) return noRules
    const evaluationError = 'node authorizer does not support user rule resolution'
    return { ...noRules, incomplete: true, evaluationError }
  }

  #byRules(attributes: Attributes): Decision {
    return this.#rules.some((rule) => ruleAllows(rule, attributes)) ? yes : noOpinion
  }

  #related(node: string, kind: ReferenceKind, { namespace, name }: Attributes): Decision {
    if (name === '') return no('No Object name found')
    return related(this.#graph.refers(node, kind, namespace, name), node)
  }

  #read(node: string, kind: ReferenceKind, attributes: Attributes): Decision {
    if (!['get', 'list', 'watch'].includes(attributes.verb)) {
      return no('can only read resources of this type')
    }
    if (attributes.subresource !== '') return no('cannot read subresource')
    if (attributes.namespace === '') return no('can only read namespaced object of this type')
    return this.#related(node, kind, attributes)
  }

  #get(node: string, kind: ReferenceKind, attributes: Attributes): Decision {
    return get(attributes, () => this.#related(node, kind, attributes))
  }

  #updateStatus(node: string, kind: ReferenceKind, attributes: Attributes): Decision {
    if (attributes.verb !== 'update' && attributes.verb !== 'patch') {
      return no('can only get/update/patch this type')
    }
    return this.#related(node, kind, attributes)
  }

  #serviceAccount(node: string, attributes: Attributes): Decision {
    const { verb, subresource, name } = attributes
    if (verb === 'get' && subresource === '') return this.#get(node, 'serviceaccount', attributes)
    if (verb !== 'create' || name === '') {
      return no('can only create tokens for individual service accounts')
    }
    if (subresource !== 'token') return no('can only create token subresource of serviceaccount')
    return this.#related(node, 'serviceaccount', attributes)
  }

  #resourceSlice(node: string, attributes: Attributes): Decision {
    if (attributes.subresource !== '') return no('cannot authorize ResourceSlice subresources')
    switch (attributes.verb) {
      case 'create':
        return yes
      case 'get':
      case 'update':
      case 'patch':
      case 'delete':
        if (attributes.name === '') return no('No Object name found')
        return related(this.#graph.sliceNode(attributes.name) === node, node)
      case 'watch':
      case 'list':
      case 'deletecollection':
        if (selects(attributes, 'spec.nodeName', node) || selects(attributes, 'nodeName', node)) {
          return yes
        }
        return no(
          'can only list/watch/deletecollection resourceslices with nodeName field selector',
        )
      default:
        return no(
          'only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection',
        )
    }
  }

  #pod(node: string, attributes: Attributes): Decision {
    const { subresource, verb, name } = attributes
    switch (`${verb}/${subresource}`) {
      case 'get/':
        return this.#ownPod(node, attributes)
      case 'list/':
      case 'watch/':
        if (selects(attributes, 'spec.nodeName', node)) return yes
        if (name !== '') return this.#ownPod(node, attributes)
        return no('can only list/watch pods with spec.nodeName field selector')
      case 'create/':
      case 'delete/':
      case 'update/status':
      case 'patch/status':
      case 'create/eviction':
        return yes
      default:
        return noOpinion
    }
  }

  #ownPod(node: string, { namespace, name }: Attributes): Decision {
    if (name === '') return no('No Object name found')
    return related(this.#graph.podNode(namespace, name) === node, node)
  }
}

const yes: Decision = { decision: 'allow', reason: '' }

function no(reason: string): Decision {
  return { decision: 'noOpinion', reason }
}

function related(found: boolean, node: string): Decision {
  return found ? yes : no(`no relationship found between node '${node}' and this object`)
}

function get(attributes: Attributes, decide: () => Decision): Decision {
  if (attributes.verb !== 'get') return no('can only get individual resources of this type')
  if (attributes.subresource !== '') return no('cannot get subresource')
  return attributes.name === '' ? no('No Object name found') : decide()
}

/** Whether the request is confined to one value of a field. */
function selects(attributes: Attributes, key: string, value: string): boolean {
  return (attributes.fieldSelector ?? []).some(
    (requirement) =>
      requirement.key === key &&
      (requirement.operator === '=' || requirement.operator === '==') &&
      requirement.values.length === 1 &&
      requirement.values[0] === value,
  )
}

const ownVerbs = ['get', 'create', 'update', 'patch', 'delete']

function lease(node: string, { verb, namespace, name }: Attributes): Decision {
  if (!ownVerbs.includes(verb)) {
    return no('can only get, create, update, patch, or delete a node lease')
  }
  if (namespace !== leaseNamespace) {
    return no(`can only access leases in the ${quote(leaseNamespace)} system namespace`)
  }
  // On creation the name stands in the body, where NodeRestriction sees it.
  if (verb !== 'create' && name !== node) {
    return no('can only access node lease with the same name as the requesting node')
  }
  return yes
}

function csiNode(node: string, { verb, subresource, name }: Attributes): Decision {
  if (!ownVerbs.includes(verb)) {
    return no('can only get, create, update, patch, or delete a CSINode')
  }
  if (subresource !== '') return no('cannot authorize CSINode subresources')
  if (verb !== 'create' && name !== node) {
    return no('can only access CSINode with the same name as the requesting node')
  }
  return yes
}

function ownNode(node: string, { verb, subresource, name }: Attributes): Decision {
  if (subresource === 'status' && (verb === 'update' || verb === 'patch')) return yes
  if (subresource !== '') return noOpinion
  switch (verb) {
    case 'create':
    case 'update':
    case 'patch':
      return yes
    case 'get':
    case 'list':
    case 'watch':
      // By name, not by graph: a kubelet looks for its Node before it exists.
      if (name === node) return yes
      return name === ''
        ? no(`node '${node}' cannot read all nodes, only its own Node object`)
        : no(`node '${node}' cannot read '${name}', only its own Node object`)
    default:
      return noOpinion
  }
}
