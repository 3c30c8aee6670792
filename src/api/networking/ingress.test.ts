import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { formatFieldError, type FieldError, type InputOf } from '#machinery'
import { decoded } from '../testing/decoded.ts'
import { IngressClass, type IngressClassInput } from './ingress-class.ts'
import { validateIngressClass, validateIngressClassUpdate } from './ingress-class-validation.ts'
import { type HTTPIngressPath, Ingress, type IngressInput } from './ingress.ts'
import {
  ingressWarnings,
  validateIngressCreate,
  validateIngressStatus,
} from './ingress-validation.ts'

const text = (errors: readonly FieldError[]) => errors.map(formatFieldError)
const service = { name: 'web', port: { number: 80 } }

suite('Ingress', () => {
  type Spec = NonNullable<IngressInput['spec']>
  const ingress = (spec: Spec) => decoded(Ingress, { metadata: {}, spec })
  const path = (change: Partial<InputOf<typeof HTTPIngressPath>>) =>
    ingress({
      rules: [
        { http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service }, ...change }] } },
      ],
    })
  const at = 'spec.rules[0].http.paths[0]'

  const cases: readonly [what: string, object: Ingress, errors: readonly string[]][] = [
    ['a rule', path({}), []],
    ['a default', ingress({ defaultBackend: { service } }), []],
    [
      'nothing',
      ingress({}),
      ['spec: Invalid value: []: either `defaultBackend` or `rules` must be specified'],
    ],
    [
      'an address as host',
      ingress({ rules: [{ host: '1.2.3.4' }] }),
      ['spec.rules[0].host: Invalid value: "1.2.3.4": must be a DNS name, not an IP address'],
    ],
    [
      'a wildcard',
      ingress({ rules: [{ host: '*.example.com' }], tls: [{ hosts: ['*.a.b'] }] }),
      [],
    ],
    [
      'a rule without paths',
      ingress({ rules: [{ http: { paths: [] } }] }),
      ['spec.rules[0].http.paths: Required value'],
    ],
    [
      'no type of path',
      path({ pathType: null }),
      [`${at}.pathType: Required value: pathType must be specified`],
    ],
    [
      'another type of path',
      path({ pathType: 'Regex' }),
      [
        `${at}.pathType: Unsupported value: "Regex": supported values: "Exact", "ImplementationSpecific", "Prefix"`,
      ],
    ],
    [
      'a path that could be written otherwise',
      path({ path: 'a//b/..' }),
      [
        `${at}.path: Invalid value: "a//b/..": must be an absolute path`,
        `${at}.path: Invalid value: "a//b/..": must not contain '//'`,
        `${at}.path: Invalid value: "a//b/..": cannot end with '/..'`,
      ],
    ],
    [
      'what the implementation takes',
      path({ path: '/a//b', pathType: 'ImplementationSpecific' }),
      [],
    ],
    [
      'no backend',
      path({ backend: {} }),
      [`${at}.backend: Invalid value: "": resource or service backend is required`],
    ],
    [
      'no port',
      path({ backend: { service: { name: '' } } }),
      [
        `${at}.backend.service.name: Required value`,
        `${at}.backend: Required value: port name or number is required`,
      ],
    ],
    [
      'two ports',
      path({ backend: { service: { name: 'a', port: { name: 'b', number: 1 } } } }),
      [`${at}.backend: Invalid value: "": cannot set both port name & port number`],
    ],
    [
      'two backends',
      path({ backend: { service, resource: { apiGroup: null, kind: 'A', name: 'a' } } }),
      [`${at}.backend: Invalid value: "": cannot set both resource and service backends`],
    ],
    [
      'an incomplete resource',
      path({ backend: { resource: { apiGroup: null, kind: '', name: '' } } }),
      [
        `${at}.backend.resource.kind: Required value: kind is required`,
        `${at}.backend.resource.name: Required value: name is required`,
      ],
    ],
  ]
  for (const [what, object, errors] of cases) {
    test(what, () => assert.deepEqual(text(validateIngressCreate(object)), errors))
  }

  test('the old name of the class is noted, and agrees with the new one', () => {
    const object = decoded(Ingress, {
      metadata: { annotations: { 'kubernetes.io/ingress.class': 'a' } },
      spec: { ingressClassName: 'b', defaultBackend: { service } },
    })
    assert.deepEqual(text(validateIngressCreate(object)), [
      'annotations.kubernetes.io/ingress.class: Invalid value: "a": must match `ingressClassName` when both are specified',
    ])
    assert.equal(ingressWarnings(object, undefined).length, 1)
    assert.deepEqual(ingressWarnings(object, object), [])
  })

  test('the status says where it is reached', () => {
    const status = { loadBalancer: { ingress: [{ ip: '1.2.3' }, { hostname: '1.2.3.4' }] } }
    assert.deepEqual(text(validateIngressStatus(decoded(Ingress, { metadata: {}, status }))), [
      'status.loadBalancer.ingress[0].ip: Invalid value: "1.2.3": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      'status.loadBalancer.ingress[1].hostname: Invalid value: "1.2.3.4": must be a DNS name, not an IP address',
    ])
  })
})

suite('IngressClass', () => {
  const ingressClass = (spec: IngressClassInput['spec']) =>
    decoded(IngressClass, { metadata: {}, spec })
  const controller = 'example.com/c'
  const parameters = { kind: 'A', name: 'a' }
  const cases: readonly [what: string, object: IngressClass, errors: readonly string[]][] = [
    ['complete', ingressClass({ controller, parameters }), []],
    ['no controller', ingressClass({}), ['spec.controller: Required value']],
    [
      'a controller without a domain',
      ingressClass({ controller: 'c' }),
      [
        'spec.controller: Invalid value: "c": must be a domain-prefixed path (such as "acme.io/foo")',
      ],
    ],
    [
      'parameters of the cluster with a namespace',
      ingressClass({ controller, parameters: { ...parameters, namespace: 'a' } }),
      ["spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'"],
    ],
    [
      'parameters of a namespace without one',
      ingressClass({ controller, parameters: { ...parameters, scope: 'Namespace' } }),
      ["spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'"],
    ],
  ]
  for (const [what, object, errors] of cases) {
    test(what, () => assert.deepEqual(text(validateIngressClass(object)), errors))
  }

  test('the controller stays', () => {
    const errors = validateIngressClassUpdate(
      ingressClass({ controller: 'example.com/d' }),
      ingressClass({ controller }),
    )
    assert.deepEqual(text(errors), [
      'spec.controller: Invalid value: "example.com/d": field is immutable',
    ])
  })
})
