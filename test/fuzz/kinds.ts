import type { LooseObject } from './mutations.ts'

const core = '/api/v1/namespaces/default'
const apps = '/apis/apps/v1/namespaces/default'
const networking = '/apis/networking.k8s.io/v1/namespaces/default'
const labels = { app: 'web' }
const selector = { matchLabels: labels, matchExpressions: [{ key: 'a', operator: 'Exists' }] }
const plainSpec = { containers: [{ name: 'web', image: 'web:1', ports: [{ containerPort: 80 }] }] }
const template = { metadata: { labels: { ...labels, a: 'b' } }, spec: plainSpec }
const term = { topologyKey: 'zone', labelSelector: selector, matchLabelKeys: ['a'] }

/** A pod that says much about itself. */
const richSpec = {
  initContainers: [{ name: 'init', image: 'init:1', restartPolicy: 'Always' }],
  containers: [
    {
      name: 'web',
      image: 'web:1',
      command: ['run'],
      env: [
        { name: 'A', value: 'b' },
        { name: 'B', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1' } } },
        { name: 'C', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      ],
      envFrom: [{ configMapRef: { name: 'a' } }],
      ports: [{ name: 'http', containerPort: 80, hostPort: 0, protocol: 'TCP' }],
      resources: { limits: { cpu: '2', memory: '1Gi' }, requests: { cpu: '500m' } },
      volumeMounts: [{ name: 'data', mountPath: '/data', subPath: 'x' }],
      livenessProbe: { httpGet: { path: '/', port: 'http' }, periodSeconds: 5 },
      readinessProbe: { exec: { command: ['true'] } },
      lifecycle: { preStop: { sleep: { seconds: 5 } } },
      securityContext: { runAsUser: 1000, capabilities: { drop: ['ALL'] } },
    },
  ],
  volumes: [
    { name: 'data', emptyDir: { sizeLimit: '1Gi' } },
    { name: 'config', configMap: { name: 'a', items: [{ key: 'a', path: 'b' }] } },
    { name: 'both', projected: { sources: [{ secret: { name: 'a' } }] } },
  ],
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'Gt', values: ['1'] }] }],
      },
    },
    podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] },
  },
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: 'zone',
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: selector,
    },
  ],
  tolerations: [{ key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 }],
  hostAliases: [{ ip: '1.2.3.4', hostnames: ['a'] }],
  terminationGracePeriodSeconds: 30,
  securityContext: { fsGroup: 1, sysctls: [{ name: 'net.a', value: '1' }] },
  dnsConfig: { nameservers: ['1.2.3.4'], options: [{ name: 'ndots', value: '2' }] },
}

/** Collections, and what a good object in them holds. */
export const kinds: readonly (readonly [collection: string, content: LooseObject])[] = [
  [`${core}/configmaps`, { data: { a: '1', '10': '2' }, binaryData: { b: 'aGk=' } }],
  [`${core}/secrets`, { type: 'Opaque', stringData: { a: '1' } }],
  [`${core}/pods`, { spec: richSpec }],
  [`${core}/services`, { spec: { selector: labels, ports: [{ port: 80, targetPort: 'http' }] } }],
  [
    `${core}/services`,
    { spec: { type: 'NodePort', ports: [{ name: 'a', port: 80, nodePort: 30_080 }] } },
  ],
  [
    `${core}/events`,
    { involvedObject: { kind: 'Pod', name: 'web', namespace: 'default' }, reason: 'R', count: 1 },
  ],
  [`${core}/endpoints`, { subsets: [{ addresses: [{ ip: '1.2.3.4' }], ports: [{ port: 80 }] }] }],
  [`${core}/resourcequotas`, { spec: { hard: { pods: '5', 'limits.cpu': '1' } } }],
  [
    `${core}/limitranges`,
    { spec: { limits: [{ type: 'Container', max: { cpu: '2' }, default: { cpu: '1' } }] } },
  ],
  [
    `${core}/persistentvolumeclaims`,
    {
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    },
  ],
  [`${core}/replicationcontrollers`, { spec: { selector: labels, template } }],
  [`${core}/serviceaccounts`, { secrets: [{ name: 'a' }] }],
  ['/api/v1/namespaces', {}],
  ['/api/v1/nodes', { spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } }],
  [
    '/api/v1/persistentvolumes',
    {
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        hostPath: { path: '/a' },
      },
    },
  ],
  [
    `${apps}/deployments`,
    {
      spec: {
        selector: { matchLabels: labels },
        template,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '50%', maxUnavailable: 1 } },
      },
    },
  ],
  [`${apps}/statefulsets`, { spec: { serviceName: 'web', selector, template } }],
  [`${apps}/daemonsets`, { spec: { selector, template } }],
  [`${apps}/replicasets`, { spec: { selector, template } }],
  [`${apps}/controllerrevisions`, { revision: 1, data: { a: 1 } }],
  [
    '/apis/batch/v1/namespaces/default/jobs',
    { spec: { template: { spec: { ...plainSpec, restartPolicy: 'Never' } }, completions: 2 } },
  ],
  [
    '/apis/batch/v1/namespaces/default/cronjobs',
    {
      spec: {
        schedule: '*/5 * * * *',
        jobTemplate: { spec: { template: { spec: { ...plainSpec, restartPolicy: 'Never' } } } },
      },
    },
  ],
  [
    '/apis/policy/v1/namespaces/default/poddisruptionbudgets',
    { spec: { minAvailable: '50%', selector } },
  ],
  [
    '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices',
    {
      addressType: 'IPv4',
      endpoints: [{ addresses: ['1.2.3.4'], conditions: { ready: true } }],
      ports: [{ name: 'http', port: 80 }],
    },
  ],
  [
    `${networking}/ingresses`,
    {
      spec: {
        rules: [
          {
            host: 'a.example.com',
            http: {
              paths: [
                {
                  path: '/',
                  pathType: 'Prefix',
                  backend: { service: { name: 'a', port: { number: 80 } } },
                },
              ],
            },
          },
        ],
        tls: [{ hosts: ['a.example.com'] }],
      },
    },
  ],
  [
    `${networking}/networkpolicies`,
    {
      spec: {
        podSelector: selector,
        ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }] }],
      },
    },
  ],
  [
    '/apis/rbac.authorization.k8s.io/v1/clusterroles',
    { rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }] },
  ],
  [
    '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings',
    {
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'a' }],
    },
  ],
  [
    '/apis/coordination.k8s.io/v1/namespaces/default/leases',
    { spec: { holderIdentity: 'a', renewTime: '2026-01-01T00:00:00.000000Z' } },
  ],
  ['/apis/scheduling.k8s.io/v1/priorityclasses', { value: 5 }],
  [
    '/apis/storage.k8s.io/v1/storageclasses',
    { provisioner: 'example.com/a', parameters: { a: 'b' } },
  ],
  [
    '/apis/certificates.k8s.io/v1/certificatesigningrequests',
    {
      spec: {
        request: Buffer.from('-----BEGIN CERTIFICATE REQUEST-----').toString('base64'),
        signerName: 'example.com/a',
        usages: ['client auth'],
      },
    },
  ],
  [
    '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers',
    {
      spec: {
        maxReplicas: 3,
        scaleTargetRef: { kind: 'Deployment', name: 'a', apiVersion: 'apps/v1' },
        metrics: [
          {
            type: 'Resource',
            resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
          },
        ],
      },
    },
  ],
  [
    '/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers',
    { spec: { maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'a' } } },
  ],
  [
    '/apis/events.k8s.io/v1/namespaces/default/events',
    {
      regarding: { kind: 'Pod', name: 'web', namespace: 'default' },
      eventTime: '2026-01-01T00:00:00.000000Z',
      reason: 'R',
      action: 'A',
      type: 'Normal',
      reportingController: 'example.com/a',
      reportingInstance: 'a',
    },
  ],
  [
    '/apis/example.com/v1/namespaces/default/widgets',
    {
      spec: {
        size: 1,
        color: 'red',
        parts: [{ name: 'a' }],
        anything: { x: 1 },
        labels: { y: 'z' },
      },
    },
  ],
  [
    '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    { spec: { user: 'a', groups: ['b'], resourceAttributes: { verb: 'get', resource: 'pods' } } },
  ],
  ['/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', { spec: { namespace: 'default' } }],
  ['/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token: 'a.b.c', audiences: ['a'] } }],
]
