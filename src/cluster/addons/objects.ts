import { ClusterRole, ClusterRoleBinding, ConfigMap, Role, RoleBinding, Service } from '#api'
import {
  formatGroupVersion,
  type InputObjectOf,
  type Resource,
  type StructSchema,
} from '#machinery'
import { clusterInfo } from './cluster-info.ts'
import { settingsConfigMap, settingsData, type ClusterSettings } from './cluster-settings.ts'

/** An object that every cluster with real nodes has, as it is applied. */
export interface Addon {
  readonly resource: Resource
  readonly object: {
    readonly apiVersion: string
    readonly kind: string
    readonly metadata: { readonly name: string; readonly namespace?: string | undefined }
  }
}

export interface AddonOptions {
  /** Where machines that join reach the API server. */
  readonly server: string
  /** PEM. */
  readonly ca: string
  readonly settings: ClusterSettings
}

/** kubeadm's name for the group of those who hold a token that is good for joining. */
export const joiners = 'system:bootstrappers:kubeadm:default-node-token'
/** Proxies that see it leave the Service alone. */
export const dnsProxyName = 'k8ts-node-dns'

const rbacGroup = 'rbac.authorization.k8s.io'
const requests = 'system:certificates.k8s.io:certificatesigningrequests'

/**
 * What lets machines become nodes, under kubeadm's names, and what the nodes' own agents need: they
 * run the Service proxy and DNS under the node's identity.
 */
export function addons({ server, ca, settings }: AddonOptions): readonly Addon[] {
  return [
    ...nodeRoles(),
    ...nodeBindings(),
    addon(ConfigMap, {
      metadata: { name: 'cluster-info', namespace: 'kube-public' },
      data: { kubeconfig: clusterInfo(server, ca) },
    }),
    addon(ConfigMap, { metadata: settingsConfigMap, data: settingsData(settings) }),
    dnsService(settings.clusterDns),
  ]
}

const look = ['get', 'list', 'watch']
const settingsReader = { name: 'k8ts:cluster-settings', namespace: settingsConfigMap.namespace }
const infoReader = { name: 'kubeadm:bootstrap-signer-clusterinfo', namespace: 'kube-public' }

function nodeRoles(): readonly Addon[] {
  return [
    addon(ClusterRole, {
      metadata: { name: 'kubeadm:get-nodes' },
      rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['get'] }],
    }),
    addon(ClusterRole, {
      metadata: { name: 'k8ts:node-dns' },
      rules: [
        { apiGroups: [''], resources: ['namespaces', 'services'], verbs: look },
        { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: look },
      ],
    }),
    addon(ClusterRole, {
      metadata: { name: 'k8ts:kubelet-serving-approver' },
      rules: [
        {
          apiGroups: ['certificates.k8s.io'],
          resources: ['signers'],
          resourceNames: ['kubernetes.io/kubelet-serving'],
          verbs: ['approve'],
        },
      ],
    }),
    addon(Role, {
      metadata: infoReader,
      rules: [
        {
          apiGroups: [''],
          resources: ['configmaps'],
          resourceNames: ['cluster-info'],
          verbs: ['get'],
        },
      ],
    }),
    addon(Role, {
      metadata: settingsReader,
      rules: [
        {
          apiGroups: [''],
          resources: ['configmaps'],
          resourceNames: [settingsConfigMap.name],
          verbs: ['get'],
        },
      ],
    }),
  ]
}

function nodeBindings(): readonly Addon[] {
  const [joining, nodes] = [group(joiners), group('system:nodes')]
  const approver = 'k8ts:kubelet-serving-approver'
  const rotation = 'kubeadm:node-autoapprove-certificate-rotation'
  return [
    clusterBinding('kubeadm:get-nodes', 'kubeadm:get-nodes', joining),
    clusterBinding('kubeadm:kubelet-bootstrap', 'system:node-bootstrapper', joining),
    clusterBinding('kubeadm:node-autoapprove-bootstrap', `${requests}:nodeclient`, joining),
    clusterBinding(rotation, `${requests}:selfnodeclient`, nodes),
    clusterBinding('k8ts:node-proxier', 'system:node-proxier', nodes),
    clusterBinding('k8ts:node-dns', 'k8ts:node-dns', nodes),
    clusterBinding(approver, approver, {
      kind: 'ServiceAccount',
      name: 'certificate-controller',
      namespace: 'kube-system',
    }),
    addon(RoleBinding, {
      metadata: infoReader,
      roleRef: { apiGroup: rbacGroup, kind: 'Role', name: infoReader.name },
      subjects: [{ apiGroup: rbacGroup, kind: 'User', name: 'system:anonymous' }],
    }),
    addon(RoleBinding, {
      metadata: settingsReader,
      roleRef: { apiGroup: rbacGroup, kind: 'Role', name: settingsReader.name },
      subjects: [nodes],
    }),
  ]
}

/** Every node answers at this address itself, so it has no endpoints, and needs no proxy. */
function dnsService(clusterIPs: readonly string[]): Addon {
  const [clusterIP = ''] = clusterIPs
  const port = (name: string, protocol: 'TCP' | 'UDP') =>
    ({ name, protocol, port: 53, targetPort: 53 }) as const
  return addon(Service, {
    metadata: {
      name: 'kube-dns',
      namespace: 'kube-system',
      labels: {
        'k8s-app': 'kube-dns',
        'kubernetes.io/name': 'KubeDNS',
        'service.kubernetes.io/service-proxy-name': dnsProxyName,
      },
    },
    spec: {
      type: 'ClusterIP',
      clusterIP,
      clusterIPs: [...clusterIPs],
      ports: [port('dns', 'UDP'), port('dns-tcp', 'TCP')],
    },
  })
}

interface Subject {
  readonly kind: string
  readonly name: string
  readonly apiGroup?: string
  readonly namespace?: string
}

function group(name: string): Subject {
  return { kind: 'Group', apiGroup: rbacGroup, name }
}

function clusterBinding(name: string, role: string, subject: Subject): Addon {
  return addon(ClusterRoleBinding, {
    metadata: { name },
    roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name: role },
    subjects: [subject],
  })
}

function addon<S extends StructSchema>(
  resource: Resource<S>,
  object: InputObjectOf<Resource<S>> & Pick<Addon['object'], 'metadata'>,
): Addon {
  const [face] = resource.faces
  const { kind } = face
  return { resource, object: { apiVersion: formatGroupVersion(face), kind, ...object } }
}
