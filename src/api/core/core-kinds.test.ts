import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { formatFieldError, mutable, type FieldError } from '#machinery'
import { decoded } from '../testing/decoded.ts'
import { ConfigMap } from './config-map.ts'
import { validateConfigMap, validateConfigMapUpdate } from './config-map-validation.ts'
import { Namespace } from './namespace.ts'
import { prepareForCreate, prepareForFinalize, prepareForUpdate } from './namespace-strategy.ts'
import { Node } from './node.ts'
import { validateNodeUpdate } from './node-validation.ts'
import { Secret } from './secret.ts'
import { validateSecret, validateSecretUpdate } from './secret-validation.ts'
import { Service } from './service.ts'
import { validateService, validateServiceUpdate } from './service-validation.ts'

const text = (errors: readonly FieldError[]) => errors.map(formatFieldError)

suite('Namespace', () => {
  test('a new one is active, labelled with its name and kept by its finalizer', () => {
    const draft = mutable(decoded(Namespace, { metadata: { name: 'a' } }))
    prepareForCreate(draft)
    assert.deepEqual(draft.metadata.labels, { 'kubernetes.io/metadata.name': 'a' })
    assert.deepEqual(draft.spec, { finalizers: ['kubernetes'] })
    assert.deepEqual(draft.status, { phase: 'Active' })
  })

  test('only finalize changes the finalizers', () => {
    const old = decoded(Namespace, {
      metadata: { name: 'a' },
      spec: { finalizers: ['kubernetes'] },
    })
    const update = mutable(decoded(Namespace, { metadata: { name: 'a' } }))
    prepareForUpdate(update, old)
    assert.deepEqual(update.spec, old.spec)
    const finalize = mutable(decoded(Namespace, { metadata: { name: 'a' } }))
    prepareForFinalize(finalize, old)
    assert.deepEqual(finalize.spec, {})
  })
})

suite('Secret', () => {
  test('stringData goes over data', () => {
    const secret = decoded(Secret, {
      metadata: {},
      data: { a: 'YQ==', b: 'Yg==' },
      stringData: { b: 'new' },
    })
    assert.deepEqual(secret.data, { a: 'YQ==', b: 'bmV3' })
    assert.equal(secret.stringData, undefined)
    assert.equal(secret.type, 'Opaque')
  })

  test('types need their keys', () => {
    const tls = decoded(Secret, { metadata: {}, type: 'kubernetes.io/tls' })
    assert.deepEqual(text(validateSecret(tls)), [
      'data[tls.crt]: Required value',
      'data[tls.key]: Required value',
    ])
  })

  test('immutable means immutable', () => {
    const old = decoded(Secret, { metadata: {}, immutable: true, data: { a: 'YQ==' } })
    assert.deepEqual(
      text(validateSecretUpdate(decoded(Secret, { metadata: {}, type: 'x' }), old)),
      [
        'type: Invalid value: "x": field is immutable',
        'immutable: Forbidden: field is immutable when `immutable` is set',
        'data: Forbidden: field is immutable when `immutable` is set',
      ],
    )
  })
})

suite('ConfigMap', () => {
  test('keys are names of files, and unique', () => {
    const map = decoded(ConfigMap, {
      metadata: {},
      data: { a: '' },
      binaryData: { a: '', '..': '' },
    })
    assert.deepEqual(text(validateConfigMap(map)), [
      'data[a]: Invalid value: "a": duplicate of key present in binaryData',
      'binaryData[..]: Invalid value: "..": must not be \'..\'',
    ])
    const big = decoded(ConfigMap, { metadata: {}, data: { a: 'x'.repeat(1024 * 1024 + 1) } })
    assert.match(
      text(validateConfigMap(big)).join(),
      /Too long: may not be more than 1048576 bytes/,
    )
  })

  test('an immutable one may still change its metadata', () => {
    const old = decoded(ConfigMap, { metadata: {}, immutable: true, data: { a: '1' } })
    assert.deepEqual(validateConfigMapUpdate(old, old), [])
  })
})

suite('Service', () => {
  test('defaults', () => {
    const service = decoded(Service, { metadata: {}, spec: { ports: [{ port: 80 }] } })
    assert.deepEqual(service.spec, {
      ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
      type: 'ClusterIP',
      sessionAffinity: 'None',
      internalTrafficPolicy: 'Cluster',
    })
    const balanced = decoded(Service, {
      metadata: {},
      spec: { type: 'LoadBalancer', sessionAffinity: 'ClientIP' },
    })
    assert.deepEqual(balanced.spec, {
      type: 'LoadBalancer',
      sessionAffinity: 'ClientIP',
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } },
      externalTrafficPolicy: 'Cluster',
      internalTrafficPolicy: 'Cluster',
      allocateLoadBalancerNodePorts: true,
    })
  })

  const cases: readonly (readonly [object, ...string[]])[] = [
    [{}, 'spec.ports: Required value'],
    [{ clusterIP: 'None' }],
    [{ type: 'ExternalName', externalName: 'a.example.com' }],
    [{ type: 'ExternalName' }, 'spec.externalName: Required value'],
    [
      { ports: [{ port: 80 }, { port: 81 }] },
      'spec.ports[0].name: Required value',
      'spec.ports[1].name: Required value',
    ],
    [
      { ports: [{ port: 80, nodePort: 30000 }] },
      "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
    ],
    [
      { ports: [{ port: 0 }] },
      'spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
      'spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive',
    ],
  ]
  for (const [spec, ...messages] of cases) {
    test(`${JSON.stringify(spec)} is ${messages.length === 0 ? 'valid' : 'refused'}`, () => {
      assert.deepEqual(text(validateService(decoded(Service, { metadata: {}, spec }))), messages)
    })
  }

  test('an address stays', () => {
    const at = (clusterIP: string) =>
      decoded(Service, {
        metadata: {},
        spec: { ports: [{ port: 80 }], clusterIP, clusterIPs: [clusterIP] },
      })
    assert.deepEqual(text(validateServiceUpdate(at('10.0.0.2'), at('10.0.0.1'))), [
      'spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set',
    ])
  })
})

test('a Node keeps its addresses for pods', () => {
  const old = decoded(Node, { metadata: {}, spec: { podCIDRs: ['10.0.0.0/24'] } })
  const next = decoded(Node, { metadata: {}, spec: { podCIDRs: ['10.0.1.0/24'] } })
  assert.deepEqual(text(validateNodeUpdate(next, old)), [
    'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid',
  ])
})
