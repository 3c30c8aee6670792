import { simulationAnnotations } from '#simulation'

/** The objects that benchmarks write. */

/** About `bytes` of JSON. */
export function configMap(name: string, bytes = 1_024, data: Record<string, string> = {}): object {
  const filler = 'x'.repeat(Math.max(0, bytes - 150 - JSON.stringify(data).length))
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'default' },
    data: { ...data, filler },
  }
}

/** What admission looks up for each pod; where no controller runs, nobody else makes it. */
export const serviceAccount = {
  method: 'POST',
  path: '/api/v1/namespaces/default/serviceaccounts',
  body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } },
} as const

/** A pod as a Deployment makes it. */
export function pod(name: string): object {
  const probe = (path: string) => ({ httpGet: { path, port: 8080 }, periodSeconds: 5 })
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'default',
      labels: { app: 'web', 'pod-template-hash': '5d4f8c7b9d', tier: 'frontend' },
      annotations: { 'example.com/revision': '12' },
    },
    spec: {
      containers: [
        {
          name: 'web',
          image: 'registry.example.com/team/web:1.27.3',
          args: ['--port=8080', '--log-level=info'],
          env: [
            { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
            { name: 'MODE', value: 'production' },
          ],
          ports: [{ name: 'http', containerPort: 8080 }],
          resources: {
            requests: { cpu: '100m', memory: '128Mi' },
            limits: { cpu: '500m', memory: '256Mi' },
          },
          livenessProbe: probe('/healthz'),
          readinessProbe: probe('/readyz'),
          volumeMounts: [{ name: 'config', mountPath: '/etc/web', readOnly: true }],
        },
      ],
      volumes: [{ name: 'config', configMap: { name: 'web' } }],
    },
  }
}

/** A small pod that a simulated node does not start while it is measured how pods get to nodes. */
export function unstarted(name: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'default',
      annotations: { [simulationAnnotations.startDelay]: '1h' },
    },
    spec: {
      automountServiceAccountToken: false,
      containers: [
        {
          name: 'main',
          image: 'web',
          resources: { requests: { cpu: '100m', memory: '128Mi' } },
        },
      ],
    },
  }
}
