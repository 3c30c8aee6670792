import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { formatFieldError, mutable, type FieldError } from '#machinery'
import { decoded } from '../testing/decoded.ts'
import {
  CertificateSigningRequest,
  type CertificateSigningRequestInput,
} from './certificate-signing-request.ts'
import {
  prepareForApproval,
  prepareForCreate,
  prepareForSigning,
} from './certificate-signing-request-strategy.ts'
import {
  validateApproval,
  validateSigning,
  validateSigningRequest,
  validateSigningRequestUpdate,
} from './certificate-signing-request-validation.ts'

const text = (errors: readonly FieldError[]) => errors.map(formatFieldError)
const pem = (type: string) =>
  Buffer.from(`-----BEGIN ${type}-----\nYQ==\n-----END ${type}-----\n`).toString('base64')

const spec: CertificateSigningRequestInput['spec'] = {
  request: pem('CERTIFICATE REQUEST'),
  signerName: 'example.com/signer',
  usages: ['client auth'],
}
const approved = {
  type: 'Approved',
  status: 'True',
  lastUpdateTime: null,
  lastTransitionTime: null,
}

function request(input: Partial<CertificateSigningRequestInput> = {}) {
  return decoded(CertificateSigningRequest, { metadata: { name: 'r' }, spec, ...input })
}

const context = {
  nowMs: 1_767_225_600_000,
  subresource: '',
  user: { name: 'ann', uid: '7', groups: ['dev'], extra: { a: ['b'] } },
}
const now = '2026-01-01T00:00:00Z'

suite('CertificateSigningRequest', () => {
  test('who asks is the authenticated user', () => {
    const draft = mutable(request({ spec: { ...spec, username: 'root', groups: ['admins'] } }))
    prepareForCreate(draft, context)
    assert.deepEqual(draft.spec, {
      request: spec.request,
      signerName: 'example.com/signer',
      usages: ['client auth'],
      username: 'ann',
      uid: '7',
      groups: ['dev'],
      extra: { a: ['b'] },
    })
  })

  const cases: readonly [
    what: string,
    change: Partial<CertificateSigningRequestInput['spec']>,
    errors: readonly string[],
  ][] = [
    ['complete', {}, []],
    ['no usages', { usages: [] }, ['spec.usages: Required value']],
    ['a usage twice', { usages: ['any', 'any'] }, ['spec.usages[1]: Duplicate value: "any"']],
    [
      'another block',
      { request: pem('CERTIFICATE') },
      [
        `spec.request: Invalid value: "${pem('CERTIFICATE')}": PEM block type must be CERTIFICATE REQUEST`,
      ],
    ],
    ['no signer', { signerName: '' }, ['spec.signerName: Required value']],
    [
      'the signer of old',
      { signerName: 'kubernetes.io/legacy-unknown' },
      [
        'spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": the legacy signerName is not allowed via this API version',
      ],
    ],
    [
      'a signer without a path',
      { signerName: 'example.com' },
      [
        `spec.signerName: Invalid value: "example.com": must be a fully qualified domain and path of the form 'example.com/signer-name'`,
      ],
    ],
    [
      'a signer without a domain',
      { signerName: 'local/a' },
      [
        'spec.signerName: Invalid value: "local": should be a domain with at least two segments separated by dots',
      ],
    ],
    [
      'a short time',
      { expirationSeconds: 599 },
      [
        'spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)',
      ],
    ],
  ]
  for (const [what, change, errors] of cases) {
    test(what, () => {
      assert.deepEqual(
        text(validateSigningRequest(request({ spec: { ...spec, ...change } }))),
        errors,
      )
    })
  }

  test('approval writes conditions and nothing else', () => {
    const old = request()
    const draft = mutable(
      request({
        spec: { ...spec, signerName: 'example.com/other' },
        status: { conditions: [approved], certificate: pem('CERTIFICATE') },
      }),
    )
    prepareForApproval(draft, old, context)
    assert.equal(draft.spec.signerName, 'example.com/signer')
    assert.deepEqual(draft.status, {
      conditions: [{ ...approved, lastUpdateTime: now, lastTransitionTime: now }],
    })
    assert.deepEqual(validateApproval(draft, old), [])
  })

  test('approved and denied exclude each other, and stay', () => {
    const denied = { ...approved, type: 'Denied', status: 'False' }
    const old = request({ status: { conditions: [approved] } })
    assert.deepEqual(
      text(validateApproval(request({ status: { conditions: [approved, denied] } }), old)),
      [
        'status.conditions[1].status: Unsupported value: "False": supported values: "True"',
        'status.conditions[1].type: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive',
      ],
    )
    assert.deepEqual(text(validateApproval(request(), old)), [
      'status.conditions: Forbidden: updates may not remove a condition of type "Approved"',
    ])
    assert.deepEqual(text(validateSigning(old, request())), [
      'status.conditions: Forbidden: updates may not add a condition of type "Approved"',
    ])
  })

  test('a signer keeps the decision and sets the certificate once', () => {
    const old = request({ status: { conditions: [{ ...approved, reason: 'AutoApproved' }] } })
    const draft = mutable(
      request({ status: { conditions: [approved], certificate: pem('CERTIFICATE') } }),
    )
    prepareForSigning(draft, old, context)
    assert.equal(draft.status.conditions?.[0]?.reason, 'AutoApproved')
    assert.deepEqual(validateSigning(draft, { ...old, status: draft.status }), [])
    const issued = request({ status: { certificate: pem('CERTIFICATE') } })
    const other = request({ status: { certificate: pem('PRIVATE KEY') } })
    assert.deepEqual(text(validateSigning(other, issued)), [
      'status.certificate: Invalid value: "<certificate data>": only CERTIFICATE PEM blocks are allowed, found "PRIVATE KEY"',
      'status.certificate: Forbidden: updates may not modify existing certificate content',
    ])
    assert.deepEqual(text(validateSigningRequestUpdate(issued, request())), [
      'status.certificate: Forbidden: updates may not set certificate content',
    ])
  })
})
