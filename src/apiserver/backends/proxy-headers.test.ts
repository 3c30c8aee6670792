import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { ApiRequest } from '../request.ts'
import { apiRequest } from '../testing/server.ts'
import { requestHeaders, responseHeaders, upgradeHeaders } from './proxy-headers.ts'

const request = (headers: Readonly<Record<string, string>>): ApiRequest =>
  apiRequest('GET', '/api/v1/nodes/n/proxy/x', { headers })

it('passes on what is meant for the other end', () => {
  const made = requestHeaders(
    request({
      host: 'api.example',
      accept: '*/*',
      cookie: 'a=b',
      connection: 'close, X-Hop',
      'x-hop': '1',
      'keep-alive': 'timeout=5',
      'transfer-encoding': 'chunked',
      te: 'trailers',
      'proxy-authorization': 'Basic x',
      upgrade: 'h2c',
      expect: '100-continue',
      authorization: 'Bearer secret',
      'impersonate-user': 'somebody',
      'x-remote-user': 'root',
      'x-remote-extra-a': 'b',
      'x-forwarded-for': '192.0.2.1',
    }),
    '/uri',
  )
  assert.deepEqual(made, {
    host: 'api.example',
    accept: '*/*',
    cookie: 'a=b',
    'x-forwarded-for': '192.0.2.1, 127.0.0.1',
    'x-forwarded-uri': '/uri',
  })
})

it('keeps a token among the subprotocols to itself', () => {
  const token = 'base64url.bearer.authorization.k8s.io.c2VjcmV0'
  const headers = { 'sec-websocket-protocol': `${token}, v4.channel.k8s.io` }
  assert.deepEqual(upgradeHeaders(headers, 'websocket'), {
    'sec-websocket-protocol': 'v4.channel.k8s.io',
    connection: 'Upgrade',
    upgrade: 'websocket',
  })
  assert.deepEqual(upgradeHeaders({ 'sec-websocket-protocol': token }, 'websocket'), {
    connection: 'Upgrade',
    upgrade: 'websocket',
  })
})

it('passes answers back without what is about their connection, or about other origins', () => {
  const made = responseHeaders({
    'content-type': ['text/plain'],
    'content-length': ['3'],
    vary: ['a', 'b'],
    'set-cookie': ['a=1', 'b=2'],
    connection: ['keep-alive, x-hop'],
    'x-hop': ['1'],
    'keep-alive': ['timeout=5'],
    'transfer-encoding': ['chunked'],
    'access-control-allow-origin': ['*'],
  })
  assert.deepEqual(made, {
    headers: { 'content-type': 'text/plain', 'content-length': '3', vary: 'a, b' },
    cookies: ['a=1', 'b=2'],
  })
})
