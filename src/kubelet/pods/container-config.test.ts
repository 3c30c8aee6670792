import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConfigMap, Container, Secret, Service } from '#api'
import { must } from '#base'
import { testPod } from '../testing/objects.ts'
import { containerConfig } from './container-config.ts'
import { podField, resourceField } from './downward.ts'
import { ConfigError, environment, type EnvironmentInput } from './environment.ts'
import { expand } from './expansion.ts'
import { hostsFile, hostsFileOfNode } from './hosts-file.ts'
import { containersOf } from './observed.ts'
import { containerResources, cpuShares, podCgroup, podCgroupLimits } from './resources.ts'
import { dnsConfig, fullNameOf, hostnameOf, parseResolvConf } from './sandbox-config.ts'

const addressing = { hostIps: ['192.0.2.1'], podIps: ['10.42.0.2', 'fd42::2'] }
const allocatable = { cpu: '4', memory: '8Gi' }
const image = { id: 'sha256:web', names: [], sizeBytes: 0, uid: undefined, username: '' }

function podWith(container: object, spec: object = {}) {
  return testPod('web', {
    spec: { containers: [{ name: 'main', image: 'web', ...container }], ...spec },
  })
}

function firstOf(pod: ReturnType<typeof testPod>): Container {
  return must(containersOf(pod)[0], 'the test pod has a container')
}

function environmentOf(container: object, input: Partial<EnvironmentInput> = {}) {
  const pod = podWith(container)
  return environment({
    pod,
    container: firstOf(pod),
    referenced: { configMap: () => undefined, secret: () => undefined },
    services: [],
    allocatable,
    ...addressing,
    ...input,
  })
}

test('variables in texts', () => {
  const table: readonly [string, string][] = [
    ['$(A)-$(B)', 'a-$(B)'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$a'],
    ['$A $', '$A $'],
    ['$(A', '$(A'],
    ['$()', '$()'],
  ]
  for (const [text, expected] of table) {
    assert.equal(
      expand(text, (name) => (name === 'A' ? 'a' : undefined)),
      expected,
      text,
    )
  }
})

test('earlier variables can be referred to, and later ones win', () => {
  const configMap = { metadata: {}, data: { one: '1', A: 'from' } } as unknown as ConfigMap
  const made = environmentOf(
    {
      envFrom: [{ prefix: 'P_', configMapRef: { name: 'm' } }, { configMapRef: { name: 'm' } }],
      env: [
        { name: 'A', value: 'own' },
        { name: 'B', value: '$(A)/$(P_one)/$(C)' },
        { name: 'C', value: 'late' },
      ],
    },
    { referenced: { configMap: () => configMap, secret: () => undefined } },
  )
  assert.deepEqual(Object.fromEntries(made), {
    P_one: '1',
    P_A: 'from',
    one: '1',
    A: 'own',
    B: 'own/1/$(C)',
    C: 'late',
  })
})

test('what is missing is an error unless it is optional', () => {
  const from = (valueFrom: object) => () => environmentOf({ env: [{ name: 'A', valueFrom }] })
  const secret = { metadata: {}, data: {} } as unknown as Secret
  assert.throws(
    from({ configMapKeyRef: { name: 'm', key: 'k' } }),
    new ConfigError('configmap "m" not found'),
  )
  assert.throws(
    from({ secretKeyRef: { name: 's', key: 'k' } }),
    new ConfigError('secret "s" not found'),
  )
  assert.throws(
    () =>
      environmentOf(
        { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] },
        { referenced: { configMap: () => undefined, secret: () => secret } },
      ),
    new ConfigError("couldn't find key k in Secret default/s"),
  )
  assert.equal(from({ configMapKeyRef: { name: 'm', key: 'k', optional: true } })().size, 0)
})

test('services are in the environment as docker’s links were', () => {
  const service = {
    metadata: { name: 'my-db', namespace: 'default' },
    spec: { clusterIP: '10.43.0.9', ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }] },
  } as unknown as Service
  assert.deepEqual(Object.fromEntries(environmentOf({}, { services: [service] })), {
    MY_DB_SERVICE_HOST: '10.43.0.9',
    MY_DB_SERVICE_PORT: '5432',
    MY_DB_SERVICE_PORT_SQL: '5432',
    MY_DB_PORT: 'tcp://10.43.0.9:5432',
    MY_DB_PORT_5432_TCP: 'tcp://10.43.0.9:5432',
    MY_DB_PORT_5432_TCP_PROTO: 'tcp',
    MY_DB_PORT_5432_TCP_PORT: '5432',
    MY_DB_PORT_5432_TCP_ADDR: '10.43.0.9',
  })
})

test('fields of the pod and of its containers’ resources', () => {
  const pod = podWith({ resources: { requests: { cpu: '250m', memory: '1Mi' } } })
  assert.equal(podField(pod, "metadata.labels['app']", addressing), 'web')
  assert.equal(podField(pod, 'metadata.labels', addressing), 'app="web"')
  assert.equal(podField(pod, 'status.podIPs', addressing), '10.42.0.2,fd42::2')
  assert.equal(podField(pod, 'spec.nonsense', addressing), undefined)
  const field = (resource: string, divisor: string) =>
    resourceField(firstOf(pod), { resource, divisor }, { allocatable })
  assert.equal(field('requests.cpu', '0'), '1')
  assert.equal(field('requests.cpu', '1m'), '250')
  assert.equal(field('requests.memory', '1Ki'), '1024')
  assert.equal(field('limits.cpu', '0'), '4')
})

test('shares, quotas and scores by class', () => {
  const of = (resources: object) => {
    const pod = podWith({ resources })
    const { cpuQuota, cpuShares, memoryLimitInBytes, oomScoreAdj } = containerResources(
      pod,
      firstOf(pod),
      1_000_000_000,
    )
    return [podCgroup('', pod), cpuShares, cpuQuota, memoryLimitInBytes, oomScoreAdj]
  }
  assert.deepEqual(of({}), ['/kubepods/besteffort/podweb', 2, 0, 0, 1000])
  assert.deepEqual(of({ requests: { cpu: '500m', memory: '100M' } }), [
    '/kubepods/burstable/podweb',
    512,
    0,
    0,
    900,
  ])
  assert.deepEqual(
    of({ limits: { cpu: '1', memory: '64Mi' }, requests: { cpu: '1', memory: '64Mi' } }),
    ['/kubepods/podweb', 1024, 100_000, 67_108_864, -997],
  )
  assert.equal(cpuShares(1_000_000), 262_144)
  const one = podWith({ resources: { limits: { cpu: '1m' } } })
  assert.equal(podCgroupLimits(one).cpuQuotaUs, 1_000)
  assert.equal(podCgroupLimits(one).memoryBytes, undefined)
})

test('a container that must not be root is not made as root', () => {
  const make = (securityContext: object, from = image) => {
    const pod = podWith({ securityContext })
    return containerConfig({
      pod,
      container: firstOf(pod),
      attempt: 0,
      image: from,
      environment: new Map(),
      mounts: [],
      memoryCapacityBytes: 1,
    })
  }
  assert.throws(
    () => make({ runAsNonRoot: true }),
    /container has runAsNonRoot and image will run as root \(pod: "web_default\(web\)", container: main\)/,
  )
  assert.throws(
    () => make({ runAsNonRoot: true }, { ...image, username: 'www' }),
    /non-numeric user/,
  )
  const made = make({ runAsNonRoot: true, runAsUser: 7, capabilities: { drop: ['ALL'] } })
  assert.deepEqual(made.linux.securityContext.runAsUser, { value: 7 })
  assert.deepEqual(made.linux.securityContext.capabilities.dropCapabilities, ['ALL'])
  assert.equal(make({ privileged: true }).linux.securityContext.maskedPaths.length, 0)
})

test('names are looked up as the policy says', () => {
  const node = parseResolvConf('# ours\nnameserver 192.0.2.53\nsearch example.org\noptions edns0\n')
  const cluster = { servers: ['10.43.0.10'], domain: 'cluster.local', node }
  const of = (spec: object) => dnsConfig(podWith({}, spec), cluster)
  assert.deepEqual(of({}), {
    servers: ['10.43.0.10'],
    searches: ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'example.org'],
    options: ['ndots:5'],
  })
  assert.deepEqual(of({ dnsPolicy: 'Default' }), node)
  assert.deepEqual(of({ hostNetwork: true }), node)
  const own = {
    nameservers: ['192.0.2.1'],
    options: [{ name: 'ndots', value: '2' }, { name: 'x' }],
  }
  assert.deepEqual(of({ dnsPolicy: 'None', dnsConfig: own }), {
    servers: ['192.0.2.1'],
    searches: [],
    options: ['ndots:2', 'x'],
  })
  assert.deepEqual(of({ dnsConfig: own }).options, ['ndots:2', 'x'], 'not twice')
})

test('a pod knows itself and its aliases by name', () => {
  const pod = podWith(
    {},
    { hostname: 'me', subdomain: 'sub', hostAliases: [{ ip: '192.0.2.9', hostnames: ['a', 'b'] }] },
  )
  const text = hostsFile(pod, ['10.42.0.2'], 'cluster.local')
  assert.match(text, /^10\.42\.0\.2\tme\.sub\.default\.svc\.cluster\.local\tme$/m)
  assert.match(text, /^192\.0\.2\.9\ta\tb$/m)
  assert.equal(fullNameOf(pod, 'cluster.local'), 'me.sub.default.svc.cluster.local')
  const ofNode = hostsFileOfNode(pod, '127.0.0.1 localhost\n')
  assert.match(
    ofNode,
    /^# Kubernetes-managed hosts file \(host network\)\.\n127\.0\.0\.1 localhost\n/,
  )
  assert.match(ofNode, /^192\.0\.2\.9\ta\tb$/m)
  assert.equal(hostnameOf(testPod(`${'x'.repeat(62)}-y`)), 'x'.repeat(62))
})
