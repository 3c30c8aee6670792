import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { applyDefaults } from '#machinery'
import { defaultImagePullPolicy } from './image-pull-policy.ts'
import { PodSchema } from './pod.ts'
import { PodTemplateSpec } from './pod-template-spec.ts'

suite('defaults of pods', () => {
  test('the smallest pod', () => {
    assert.deepEqual(defaultedPod({ containers: [{ name: 'c', image: 'nginx', resources: {} }] }), {
      containers: [
        {
          name: 'c',
          image: 'nginx',
          resources: {},
          imagePullPolicy: 'Always',
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
        },
      ],
      enableServiceLinks: true,
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      securityContext: {},
      schedulerName: 'default-scheduler',
    })
  })

  test('templates get no service links, requests or host ports', () => {
    const container = {
      name: 'c',
      image: 'nginx:1',
      resources: { limits: { cpu: '1' } },
      ports: [{ containerPort: 80 }],
    }
    const template = { metadata: {}, spec: { hostNetwork: true, containers: [container] } }
    applyDefaults(PodTemplateSpec, template)
    assert.deepEqual(container.resources, { limits: { cpu: '1' } })
    assert.deepEqual(container.ports, [{ containerPort: 80, protocol: 'TCP' }])
    assert.equal(Object.hasOwn(template.spec, 'enableServiceLinks'), false)
  })

  test('requests are limits where they are not given', () => {
    const resources = { limits: { cpu: '2', memory: '1Gi' }, requests: { cpu: '1' } }
    defaultedPod({ containers: [{ name: 'c', resources }] })
    assert.deepEqual(resources.requests, { cpu: '1', memory: '1Gi' })
  })

  test('amounts below a thousandth are rounded up', () => {
    const resources = { limits: { cpu: '100u' } }
    defaultedPod({ containers: [{ name: 'c', resources }] })
    assert.deepEqual(resources.limits, { cpu: '1m' })
  })

  test('pod-level requests come from the containers, then from the limits of the pod', () => {
    const resources = { limits: { cpu: '4', memory: '4Gi' } }
    defaultedPod({
      resources,
      containers: [{ name: 'c', resources: { requests: { cpu: '1' } } }],
      initContainers: [
        { name: 's', restartPolicy: 'Always', resources: { requests: { cpu: '1' } } },
        { name: 'i', resources: { requests: { cpu: '500m' } } },
      ],
    })
    assert.deepEqual(resources, {
      limits: { cpu: '4', memory: '4Gi' },
      requests: { cpu: '2', memory: '4Gi' },
    })
  })

  test('ports on the network of the host are ports of the host', () => {
    const ports = [{ containerPort: 80 }, { containerPort: 81, hostPort: 8081 }]
    defaultedPod({ hostNetwork: true, containers: [{ name: 'c', resources: {}, ports }] })
    assert.deepEqual(
      ports.map(({ hostPort }) => hostPort),
      [80, 8081],
    )
  })

  test('the old and the new name of the service account are the same', () => {
    assert.equal(defaultedPod({ serviceAccount: 'a' })['serviceAccountName'], 'a')
    const both = defaultedPod({ serviceAccount: 'a', serviceAccountName: 'b' })
    assert.equal(both['serviceAccount'], 'b')
  })

  test('a volume without a source is an empty directory', () => {
    const spec = { volumes: [{ name: 'v' }, { name: 's', secret: { secretName: 'x' } }] }
    defaultedPod(spec)
    assert.deepEqual(spec.volumes, [
      { name: 'v', emptyDir: {} },
      { name: 's', secret: { secretName: 'x', defaultMode: 0o644 } },
    ])
  })

  test('probes and references to fields', () => {
    const container = {
      name: 'c',
      resources: {},
      livenessProbe: { httpGet: { port: 80 } },
      readinessProbe: { grpc: { port: 1, service: null } },
      env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
    }
    defaultedPod({ containers: [container] })
    const probe = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 }
    assert.deepEqual(container.livenessProbe, {
      httpGet: { port: 80, path: '/', scheme: 'HTTP' },
      ...probe,
    })
    assert.deepEqual(container.readinessProbe, { grpc: { port: 1, service: '' }, ...probe })
    assert.deepEqual(container.env[0]?.valueFrom.fieldRef, {
      fieldPath: 'metadata.name',
      apiVersion: 'v1',
    })
  })
})

test('images without tag are pulled always', () => {
  const digest = `sha256:${'0'.repeat(64)}`
  const cases: Readonly<Record<string, string>> = {
    nginx: 'Always',
    'nginx:latest': 'Always',
    'registry:5000/team/nginx': 'Always',
    'nginx:1.2': 'IfNotPresent',
    [`nginx@${digest}`]: 'IfNotPresent',
    [`nginx:latest@${digest}`]: 'Always',
    'Not An Image': 'IfNotPresent',
    '': 'IfNotPresent',
  }
  for (const [image, policy] of Object.entries(cases)) {
    assert.equal(defaultImagePullPolicy(image), policy, image)
  }
})

function defaultedPod(spec: Record<string, unknown>): Record<string, unknown> {
  applyDefaults(PodSchema, { metadata: {}, spec, status: {} })
  return spec
}
