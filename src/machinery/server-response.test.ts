import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorFromResponse, patchNotApplicable } from './server-response.ts'
import * as errors from './status.ts'

const pods = { group: '', resource: 'pods' }
const get = { verb: 'GET', resource: pods, name: 'a' }

test('a Status in the body is the error', () => {
  const { status } = errors.notFound(pods, 'a')
  const error = errorFromResponse({ ...get, code: 404, body: status })
  assert.equal(error.status, status)
  assert.ok(errors.hasReason(error, 'NotFound'))
})

test('other bodies are worded as upstream’s clients do', () => {
  const rows: [number, string, string, string][] = [
    [
      400,
      'GET',
      'BadRequest',
      'the server rejected our request for an unknown reason (get pods a)',
    ],
    [403, 'GET', 'Forbidden', 'no (get pods a)'],
    [404, 'GET', 'NotFound', 'the server could not find the requested resource (get pods a)'],
    [409, 'POST', 'AlreadyExists', 'the server reported a conflict (post pods a)'],
    [409, 'PUT', 'Conflict', 'the server reported a conflict (put pods a)'],
    [406, 'GET', 'NotAcceptable', 'no (get pods a)'],
    [415, 'GET', 'UnsupportedMediaType', 'no (get pods a)'],
    [
      500,
      'GET',
      'InternalError',
      'an error on the server ("no") has prevented the request from succeeding (get pods a)',
    ],
    [
      418,
      'GET',
      '',
      'the server responded with the status code 418 but did not return more information (get pods a)',
    ],
  ]
  for (const [code, verb, reason, message] of rows) {
    const error = errorFromResponse({ ...get, verb, code, body: ' no\n', retryAfterSeconds: 0 })
    assert.equal(error.message, message)
    assert.equal(error.reason, reason)
    assert.deepEqual(error.status.details?.causes, [
      { reason: 'UnexpectedServerResponse', message: 'no' },
    ])
  }
})

test('the wait the server asked for is kept', () => {
  const error = errorFromResponse({ ...get, code: 429, body: undefined, retryAfterSeconds: 7 })
  assert.equal(errors.retryAfterSeconds(error), 7)
})

test('a patch that does not apply', () => {
  const { code, message, status } = patchNotApplicable()
  assert.equal(code, 422)
  assert.equal(message, 'the server rejected our request due to an error in our request')
  assert.deepEqual(status.details, {})
})
