import assert from 'node:assert/strict'
import { it } from 'node:test'
import { requestInfo } from '../request-info.ts'
import { proxiedPath } from './proxied-path.ts'
import { parseProxyId } from './proxy-id.ts'
import { isProxyable } from './proxyable.ts'

it('takes a proxy path apart, and lets nothing lead out of it', () => {
  const pod = '/api/v1/namespaces/x/pods/http:web:80/proxy'
  const rows: readonly (readonly [string, string, string])[] = [
    [pod, pod, ''],
    [`${pod}/`, pod, '/'],
    [`${pod}/a/b`, pod, '/a/b'],
    [`${pod}/a/b/`, pod, '/a/b/'],
    [`${pod}//a///b`, pod, '/a/b'],
    [`${pod}/a%2Fb/c%20d`, pod, '/a%2Fb/c%20d'],
    [`${pod}/../../secrets`, pod, '/secrets'],
    [`${pod}/a/%2e%2E/./b/..`, pod, '/'],
    ['//api/v1//nodes/n/proxy/x', '//api/v1//nodes/n/proxy', '/x'],
    ['/api/v1/nodes/n/proxy/logs/', '/api/v1/nodes/n/proxy', '/logs/'],
  ]
  for (const [path, prefix, rest] of rows) {
    const info = requestInfo('GET', path, new URLSearchParams())
    assert.deepEqual(proxiedPath(path, info), { prefix, path: rest }, path)
  }
})

it('reads scheme, name and port', () => {
  const read = (id: string) => Object.values(parseProxyId('service', id))
  assert.deepEqual(read('web'), ['http', 'web', ''])
  assert.deepEqual(read('web:80'), ['http', 'web', '80'])
  assert.deepEqual(read('https:web:named'), ['https', 'web', 'named'])
  assert.deepEqual(read('https:web:'), ['https', 'web', ''])
  for (const id of ['ftp:web:1', ':80', 'a:b:c:d', 'https::1']) {
    assert.throws(() => read(id), { code: 400, message: `invalid service request "${id}"` })
  }
})

it('goes to no address of its own, of its link or of a group', () => {
  for (const address of ['10.42.0.1', '192.168.1.1', '1.1.1.1', 'fd00::1', '2001:db8::1']) {
    assert.equal(isProxyable(address), true, address)
  }
  for (const address of [
    '127.0.0.1',
    '127.8.0.1',
    '0.0.0.0',
    '255.255.255.255',
    '169.254.169.254',
    '224.0.0.1',
    '::1',
    '::',
    'fe80::1',
    'ff02::1',
    '::ffff:127.0.0.1',
    'localhost',
    '',
  ]) {
    assert.equal(isProxyable(address), false, address)
  }
})
