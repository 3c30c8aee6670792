import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeAttributes } from './authorization-attributes.ts'
import { routeOf } from './routes.ts'

const main = { namespace: 'ns', pod: 'web', uid: undefined, container: 'main' }

test('paths lead to what upstream serves there', () => {
  const rows: [string, string, ReturnType<typeof routeOf>][] = [
    ['GET', '/pods', { type: 'pods' }],
    ['GET', '/pods/', { type: 'pods' }],
    ['GET', '/runningpods/', { type: 'runningPods' }],
    ['GET', '/configz', { type: 'configz' }],
    ['GET', '/stats/summary', { type: 'statsSummary' }],
    ['GET', '/healthz', { type: 'healthz', check: undefined }],
    ['GET', '/healthz/syncloop', { type: 'healthz', check: 'syncloop' }],
    ['GET', '/metrics', { type: 'metrics', of: 'kubelet' }],
    ['GET', '/metrics/cadvisor', { type: 'metrics', of: 'cadvisor' }],
    ['GET', '/logs/', { type: 'logs', path: '' }],
    ['GET', '/logs/pods/a%20b/0.log', { type: 'logs', path: 'pods/a b/0.log' }],
    ['GET', '/containerLogs/ns/web/main', { type: 'containerLogs', target: main }],
    ['GET', '/exec/ns/web/main', { type: 'exec', target: main }],
    ['POST', '/exec/ns/web/1234/main', { type: 'exec', target: { ...main, uid: '1234' } }],
    ['POST', '/attach/ns/web/main', { type: 'attach', target: main }],
    ['POST', '/run/ns/web/main', { type: 'run', target: main }],
    [
      'POST',
      '/portForward/ns/web',
      { type: 'portForward', target: { namespace: 'ns', pod: 'web', uid: undefined } },
    ],
    [
      'GET',
      '/portForward/ns/web/1234',
      { type: 'portForward', target: { namespace: 'ns', pod: 'web', uid: '1234' } },
    ],
  ]
  for (const [method, path, expected] of rows) {
    assert.deepEqual(routeOf(method, path), expected, path)
  }
})

test('other paths and methods are refused', () => {
  const rows: [string, string, number][] = [
    ['GET', '/', 404],
    ['GET', '//pods', 404],
    ['GET', '/pods/x', 404],
    ['GET', '/stats', 404],
    ['GET', '/metrics/nothing', 404],
    ['GET', '/metrics/../exec/ns/web/main', 404],
    ['GET', '/exec/ns/web', 404],
    ['GET', '/exec/ns/web/1/main/x', 404],
    ['GET', '/containerLogs/ns/web', 404],
    ['GET', '/constructor', 404],
    ['GET', '/pods/%zz', 400],
    ['GET', '/run/ns/web/main', 405],
    ['DELETE', '/pods', 405],
    ['PUT', '/exec/ns/web/main', 405],
  ]
  for (const [method, path, code] of rows) {
    assert.throws(() => routeOf(method, path), { code }, `${method} ${path}`)
  }
})

test('what clients must be allowed follows from method and path', () => {
  const rows: [string, string, string, string[]][] = [
    ['GET', '/pods', 'get', ['pods', 'proxy']],
    ['GET', '/runningpods/', 'get', ['pods', 'proxy']],
    ['GET', '/healthz/ping', 'get', ['healthz', 'proxy']],
    ['GET', '/configz', 'get', ['configz', 'proxy']],
    ['GET', '/stats/summary', 'get', ['stats']],
    ['GET', '/metrics/cadvisor', 'get', ['metrics']],
    ['GET', '/logs/pods/', 'get', ['log']],
    ['POST', '/exec/ns/web/main', 'create', ['proxy']],
    ['GET', '/exec/ns/web/main', 'get', ['proxy']],
    ['GET', '/containerLogs/ns/web/main', 'get', ['proxy']],
    ['PUT', '/podsecrets', 'update', ['proxy']],
    ['PATCH', '/metricsx', 'patch', ['proxy']],
    ['DELETE', '/%70ods', 'delete', ['proxy']],
    ['BREW', '/pods', '', ['pods', 'proxy']],
  ]
  for (const [method, path, verb, subresources] of rows) {
    assert.deepEqual(nodeAttributes(method, path), { verb, subresources }, path)
  }
})
