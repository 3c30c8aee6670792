import assert from 'node:assert/strict'
import { test } from 'node:test'
import { required } from './field-error.ts'
import { FieldPath } from './field-path.ts'
import {
  formatGroupVersion,
  formatGroupVersionKind,
  parseGroupKind,
  parseGroupResource,
  parseGroupVersion,
} from './names.ts'
import * as errors from './status.ts'

const deployments = { group: 'apps', resource: 'deployments' }
const pods = { group: '', resource: 'pods' }

test('each constructor has code, reason and message of upstream', () => {
  const rows: [errors.StatusError, number, string, string][] = [
    [errors.notFound(deployments, 'a'), 404, 'NotFound', 'deployments.apps "a" not found'],
    [errors.alreadyExists(pods, 'a'), 409, 'AlreadyExists', 'pods "a" already exists'],
    [
      errors.generateNameConflict(pods, 'a', 1),
      409,
      'AlreadyExists',
      'pods "a" already exists, the server was not able to generate a unique name for the object',
    ],
    [errors.unauthorized(), 401, 'Unauthorized', 'not authorized'],
    [errors.unauthorized('Unauthorized'), 401, 'Unauthorized', 'Unauthorized'],
    [errors.forbidden(pods, 'a', 'no'), 403, 'Forbidden', 'pods "a" is forbidden: no'],
    [errors.forbidden(pods, '', 'no'), 403, 'Forbidden', 'pods is forbidden: no'],
    [errors.forbidden({ group: '', resource: '' }, '', 'no'), 403, 'Forbidden', 'forbidden: no'],
    [
      errors.conflict(pods, 'a', 'changed'),
      409,
      'Conflict',
      'Operation cannot be fulfilled on pods "a": changed',
    ],
    [errors.gone('g'), 410, 'Gone', 'g'],
    [errors.resourceExpired('e'), 410, 'Expired', 'e'],
    [errors.badRequest('b'), 400, 'BadRequest', 'b'],
    [errors.tooManyRequests('slow', 2), 429, 'TooManyRequests', 'slow'],
    [errors.serviceUnavailable('s'), 503, 'ServiceUnavailable', 's'],
    [
      errors.methodNotSupported(pods, 'patch'),
      405,
      'MethodNotAllowed',
      'patch is not supported on resources of kind "pods"',
    ],
    [
      errors.notAcceptable(['a', 'b']),
      406,
      'NotAcceptable',
      'only the following media types are accepted: a, b',
    ],
    [
      errors.unsupportedMediaType(['a']),
      415,
      'UnsupportedMediaType',
      'the body of the request was in an unknown format - accepted media types include: a',
    ],
    [
      errors.serverTimeout(pods, 'list', 3),
      500,
      'ServerTimeout',
      'The list operation against pods could not be completed at this time, please try again.',
    ],
    [errors.timeoutError('t', 1), 504, 'Timeout', 'Timeout: t'],
    [
      errors.requestEntityTooLarge('limit is 3'),
      413,
      'RequestEntityTooLarge',
      'Request entity too large: limit is 3',
    ],
    [errors.internalError(new Error('x')), 500, 'InternalError', 'Internal error occurred: x'],
  ]
  for (const [error, code, reason, message] of rows) {
    assert.equal(error.code, code)
    assert.equal(error.reason, reason)
    assert.equal(error.message, message)
    assert.equal(error.status.status, 'Failure')
  }
})

test('details leave out what is empty', () => {
  assert.deepEqual(errors.notFound(pods, 'a').status.details, { name: 'a', kind: 'pods' })
  assert.deepEqual(errors.timeoutError('t').status.details, {})
  assert.equal(errors.badRequest('b').status.details, undefined)
})

test('invalid lists every cause', () => {
  const error = errors.invalid({ group: 'apps', kind: 'Deployment' }, 'web', [
    required(FieldPath.root('spec', 'selector')),
    required(FieldPath.root('spec', 'template')),
  ])
  assert.equal(error.code, 422)
  assert.equal(
    error.message,
    'Deployment.apps "web" is invalid: [spec.selector: Required value, spec.template: Required value]',
  )
  assert.deepEqual(error.status.details, {
    name: 'web',
    group: 'apps',
    kind: 'Deployment',
    causes: [
      { reason: 'FieldValueRequired', message: 'Required value', field: 'spec.selector' },
      { reason: 'FieldValueRequired', message: 'Required value', field: 'spec.template' },
    ],
  })
})

test('an internal error keeps its cause', () => {
  const cause = new Error('x')
  assert.equal(errors.internalError(cause).cause, cause)
})

test('hasReason and retryAfterSeconds tell errors apart', () => {
  assert.ok(errors.hasReason(errors.notFound(pods, 'a'), 'NotFound'))
  assert.ok(!errors.hasReason(new Error('x'), 'NotFound'))
  assert.equal(errors.retryAfterSeconds(errors.tooManyRequests('m', 4)), 4)
  assert.equal(errors.retryAfterSeconds(errors.timeoutError('m')), undefined)
  assert.equal(errors.retryAfterSeconds(errors.serverTimeout(pods, 'get', 0)), 0)
})

test('names parse and print', () => {
  assert.deepEqual(parseGroupVersion('v1'), { group: '', version: 'v1' })
  assert.deepEqual(parseGroupVersion('apps/v1'), { group: 'apps', version: 'v1' })
  assert.equal(parseGroupVersion('a/b/c'), undefined)
  assert.equal(formatGroupVersion({ group: '', version: 'v1' }), 'v1')
  assert.equal(formatGroupVersion({ group: 'apps', version: 'v1' }), 'apps/v1')
  assert.deepEqual(parseGroupResource('a.b.io'), { group: 'b.io', resource: 'a' })
  assert.deepEqual(parseGroupKind('Pod'), { group: '', kind: 'Pod' })
  assert.equal(
    formatGroupVersionKind({ group: '', version: 'v1', kind: 'Event' }),
    '/v1, Kind=Event',
  )
})
