import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, beforeEach, describe, it } from 'node:test'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { ClusterRoleBinding, Node, Pod, Role, RoleBinding, ServiceAccount } from '#api'
import { memoryPki } from '#pki'
import { commandExited, connectPortForward, connectRemoteCommand, readAll } from '#streaming'
import { ask, ctx, refusal, send, target, wants, webSocket } from './api-client.ts'
import { startNodeCluster, type NodeCluster } from './cluster.ts'
import { startTestKubelet } from './test-kubelet.ts'

const pod = '/api/v1/namespaces/default/pods/web'
const node = '/api/v1/nodes/n1/proxy'
const log = `${pod}/log`
const streams = 'stdin=true&stdout=true&stderr=true'
const exec = (...words: readonly string[]) =>
  `${pod}/exec?${streams}&${words.map((word) => `command=${word}`).join('&')}`

let cluster: NodeCluster
before(async () => {
  cluster = await startNodeCluster()
})
after(() => cluster[Symbol.asyncDispose]())
beforeEach(() => cluster.move(cluster.kubelet))

describe('a log', () => {
  it('is what the kubelet says, as text', async () => {
    cluster.kubelet.serve((request, response) =>
      response.setHeader('content-type', 'application/x').end(request.url),
    )
    const { code, headers, text } = await ask(cluster, `${log}?follow=true&limitBytes=9&junk=1`)
    assert.equal(code, 200)
    assert.equal(headers['content-type'], 'text/plain')
    assert.equal(text, '/containerLogs/default/web/main?follow=true&limitBytes=9')
  })

  it('is read from the kubelet no faster than its reader takes it, and ends with him', async () => {
    const gone = Promise.withResolvers<number>()
    const stuck = Promise.withResolvers<void>()
    cluster.kubelet.serve((_, response) => {
      let written = 0
      const piece = Buffer.alloc(64 << 10, 'x')
      const more = () => {
        while (!response.destroyed && response.write(piece)) written += piece.length
        stuck.resolve()
      }
      response.on('drain', more)
      response.on('close', () => gone.resolve(written))
      more()
    })
    const response = await send(cluster, `${log}?follow=true`)
    await stuck.promise
    response.destroy()
    assert.ok((await gone.promise) < 64 << 20)
  })

  it('says nothing for long, and is given up when its reader leaves', async () => {
    const gone = Promise.withResolvers<void>()
    cluster.kubelet.serve((_, response) => {
      response.flushHeaders()
      response.on('close', () => gone.resolve())
    })
    const response = await send(cluster, `${log}?follow=true`)
    assert.equal(response.statusCode, 200)
    response.destroy()
    await gone.promise
  })

  it('is cut off, not ended, when the kubelet dies', async () => {
    await using kubelet = await startTestKubelet({ ca: cluster.ca, node: 'n1' })
    await cluster.move(kubelet)
    kubelet.serve((_, response) => void response.write('first\n'))
    const response = await send(cluster, `${log}?follow=true`)
    const [line] = await once(response, 'data')
    assert.equal(String(line), 'first\n')
    const cut = assert.rejects(text(response), { code: 'ECONNRESET' })
    await kubelet.kill()
    await cut
  })

  it('is refused as the kubelet refuses it', async () => {
    const rows: readonly (readonly [number, string])[] = [
      [400, 'container "main" in pod "web" is waiting to start'],
      [500, 'Internal error occurred: container "main" in pod "web" is waiting to start'],
      [404, 'the server could not find the requested resource (pods/log web)'],
    ]
    for (const [code, message] of rows) {
      cluster.kubelet.serve((_, response) =>
        response.writeHead(code).end('container "main" in pod "web" is waiting to start'),
      )
      assert.deepEqual(await refusal(cluster, log), [code, message])
    }
  })

  it('is not asked for where the question is wrong', async () => {
    assert.equal((await refusal(cluster, `${log}?tailLines=-1`))[0], 422)
    assert.deepEqual(await refusal(cluster, '/api/v1/namespaces/default/pods/none/log'), [
      404,
      'pods "none" not found',
    ])
    assert.deepEqual(await refusal(cluster, `${log}?container=x`), [
      400,
      'container x is not valid for pod web',
    ])
  })
})

describe('a kubelet that is not there', () => {
  it('is said to be unreachable, and how', async () => {
    const kubelet = await startTestKubelet({ ca: cluster.ca, node: 'n1' })
    await cluster.move(kubelet)
    await kubelet.kill()
    const where = `127.0.0.1:${kubelet.port}`
    const why = `dial tcp ${where}: connect: connection refused`
    assert.deepEqual(await refusal(cluster, log), [
      500,
      `Get "https://${where}/containerLogs/default/web/main": ${why}`,
    ])
    assert.deepEqual(await refusal(cluster, `${node}/healthz`), [
      503,
      `error trying to reach service: ${why}`,
    ])
    const upgrade = { method: 'POST', headers: { connection: 'Upgrade', upgrade: 'SPDY/3.1' } }
    assert.deepEqual(await refusal(cluster, exec('cat'), upgrade), [
      500,
      `error dialing backend: ${why}`,
    ])
  })

  it('is not believed with the certificate of another', async () => {
    const foreign = memoryPki({ ...ctx, hostName: 'x', serviceIps: [] }).ca
    const unknown = 'x509: certificate signed by unknown authority'
    for (const [options, why] of [
      [{ ca: foreign, node: 'n1' }, unknown],
      [{ ca: cluster.ca, node: 'n2', addresses: ['192.0.2.1'] }, "is not in the cert's list"],
    ] as const) {
      await using kubelet = await startTestKubelet(options)
      await cluster.move(kubelet)
      const [code, message] = await refusal(cluster, log)
      assert.equal(code, 500)
      assert.match(String(message), /tls: failed to verify certificate: x509: /)
      assert.ok(String(message).includes(why), String(message))
      assert.deepEqual(kubelet.asked, [])
      const insecure = await ask(cluster, `${log}?insecureSkipTLSVerifyBackend=true`)
      assert.equal(insecure.text, 'ok')
    }
  })

  it('is not any server that the CA vouches for, such as the API server itself', async () => {
    await cluster.move(cluster.server)
    const [code, message] = await refusal(cluster, `${node}/api/v1/namespaces/default`)
    assert.equal(code, 503)
    assert.match(
      String(message),
      /x509: certificate is of "kube-apiserver", not of "system:node:n1"$/,
    )
  })

  it('may have an address for a name', async () => {
    const name = '192.0.2.7'
    await using kubelet = await startTestKubelet({ ca: cluster.ca, node: name })
    const nodes = cluster.server.client.resource(Node)
    await nodes.create({ metadata: { name } })
    const status = {
      addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
      daemonEndpoints: { kubeletEndpoint: { Port: kubelet.port } },
    }
    await nodes.subresource('status').patch(name, { type: 'merge', patch: { status } })
    assert.equal((await ask(cluster, `/api/v1/nodes/${name}/proxy/x`)).text, 'ok')
  })

  it('has no address', async () => {
    const nodes = cluster.server.client.resource(Node)
    const patch = { status: { addresses: null } }
    await nodes.subresource('status').patch('n1', { type: 'merge', patch })
    assert.deepEqual(await refusal(cluster, log), [
      500,
      'no preferred addresses found; known addresses: []',
    ])
  })

  it('is the kubelet of no node', async () => {
    await cluster.server.client
      .resource(Pod)
      .namespace('default')
      .create({
        metadata: { name: 'stray' },
        spec: { nodeName: 'n9', containers: [{ name: 'main', image: 'example' }] },
      })
    const stray = '/api/v1/namespaces/default/pods/stray/log'
    assert.deepEqual(await refusal(cluster, stray), [404, 'nodes "n9" not found'])
    assert.deepEqual(await refusal(cluster, '/api/v1/nodes/n9/proxy/x'), [
      404,
      'nodes "n9" not found',
    ])
  })
})

for (const carrier of ['websocket', 'spdy'] as const) {
  describe(`a command over ${carrier}`, () => {
    const connect = (...words: readonly string[]) =>
      connectRemoteCommand(target(cluster, exec(...words), [carrier]), wants, ctx)

    it('has its input, its output and its end', async () => {
      const command = await connect('cat')
      const { stdin, stdout } = command
      assert.ok(stdin !== undefined && stdout !== undefined)
      const sent = Buffer.alloc(1_000_000, 'xyz')
      const [, got] = await Promise.all([
        stdin.write(sent).then(() => stdin.end()),
        readAll(stdout, 2_000_000),
      ])
      assert.ok(got.equals(sent))
      assert.equal((await command.result).status, 'Success')
      await command.close()
    })

    it('tells its exit code', async () => {
      const command = await connect('exit', '7')
      assert.deepEqual(await command.result, commandExited(7, 'exit status 7'))
      await command.close()
    })

    it('is told why it does not run', async () => {
      await assert.rejects(connect('refused'), {
        reason: 'UpgradeRefused',
        httpStatus: 404,
        body: 'container not found ("main")',
      })
    })

    it('ends on the kubelet when its client leaves', async () => {
      for (const word of ['hang', 'flood']) {
        const command = await connect(word)
        if (word === 'flood') await command.stdout?.read()
        command.abort()
        await cluster.kubelet.idle()
      }
    })

    it('fails when the kubelet dies', async () => {
      await using kubelet = await startTestKubelet({ ca: cluster.ca, node: 'n1' })
      await cluster.move(kubelet)
      const command = await connect('hang')
      await kubelet.kill()
      const result = await command.result.catch((error: Error) => ({ status: error.name }))
      assert.notEqual(result.status, 'Success')
      await command.closed
    })

    it('has its ports forwarded', async () => {
      const forward = await connectPortForward(
        target(cluster, `${pod}/portforward`, [carrier]),
        ctx,
      )
      const { data } = await forward.open(80)
      await data.write(Buffer.from('hello'))
      await data.end()
      assert.equal((await readAll(data, 100)).toString(), 'hello')
      await forward.close()
    })
  })
}

describe('who may run commands', () => {
  const websocket = (path: string, headers: Readonly<Record<string, string>>) =>
    connectRemoteCommand(target(cluster, path, ['websocket'], headers, true), wants, ctx)

  it('is nobody who is not known, nor who may only look', async () => {
    await assert.rejects(websocket(exec('cat'), {}), { httpStatus: 403 })
    await assert.rejects(websocket(exec('cat'), { authorization: 'Bearer x' }), {
      httpStatus: 401,
    })
    const { client } = cluster.server
    const roles = client.resource(Role).namespace('default')
    const rules = (verbs: readonly string[]) => [
      { apiGroups: [''], resources: ['pods/exec'], verbs },
    ]
    await roles.create({ metadata: { name: 'execer' }, rules: rules(['get']) })
    await client
      .resource(RoleBinding)
      .namespace('default')
      .create({
        metadata: { name: 'execer' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'execer' },
        subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: 'default' }],
      })
    const path = '/api/v1/namespaces/default/serviceaccounts/default/token'
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} }
    const { status } = (await client.send({ method: 'POST', path, body })) as {
      status: { token: string }
    }
    const authorization = `Bearer ${status.token}`
    await assert.rejects(websocket(exec('cat'), { authorization }), (error: Error) => {
      assert.match(error.message, /cannot create resource \\?"pods\/exec\\?"/)
      return true
    })
    for (const upgrade of ['websocket, other', 'SPDY/3.1']) {
      const socket = await target(cluster, '', [], {}, true).dial()
      const lines = [
        `GET ${exec('cat')} HTTP/1.1`,
        'Host: x',
        `Authorization: ${authorization}`,
        'Connection: Upgrade',
        `Upgrade: ${upgrade}`,
        'Sec-WebSocket-Version: 13',
        `Sec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}`,
      ]
      socket.write(`${lines.join('\r\n')}\r\n\r\n`)
      const [head] = await once(socket, 'data')
      socket.destroy()
      assert.match(String(head), /^HTTP\/1\.1 403 /, upgrade)
    }
    await roles.update({ metadata: { name: 'execer' }, rules: rules(['get', 'create']) })
    await (await websocket(exec('cat'), { authorization })).close()
  })

  it('may say so in a subprotocol', async () => {
    const accounts = cluster.server.client.resource(ServiceAccount).namespace('default')
    assert.equal((await accounts.get('default')).metadata.name, 'default')
    const token = 'base64url.bearer.authorization.k8s.io.bm9uZQ'
    const headers = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': Buffer.alloc(16).toString('base64'),
    }
    const asked = (protocols: string) =>
      ask(cluster, exec('cat'), {
        anonymous: true,
        headers: { ...headers, 'sec-websocket-protocol': protocols },
      })
    assert.equal((await asked(`${token}, v5.channel.k8s.io`)).code, 401)
    assert.equal((await asked('v5.channel.k8s.io')).code, 403)
  })
})

describe('a WebSocket', () => {
  const watch = '/api/v1/namespaces/default/pods?watch=true&fieldSelector=metadata.name=web'

  it('carries a watch, an event a message', async () => {
    const { messages, protocol, leave } = await webSocket(cluster, watch)
    const event = async () => {
      const { value } = await messages.next()
      const { type, object } = JSON.parse(String(value)) as { type: string; object: Pod }
      return [type, object.metadata.name]
    }
    assert.equal(protocol, '')
    assert.deepEqual(await event(), ['ADDED', 'web'])
    const pods = cluster.server.client.resource(Pod).namespace('default')
    await pods.patch('web', { type: 'merge', patch: { metadata: { labels: { a: 'b' } } } })
    assert.deepEqual(await event(), ['MODIFIED', 'web'])
    leave()
  })

  it('is for whom a subprotocol names, and does not tell it on', async () => {
    const path = '/api/v1/namespaces/kube-system/serviceaccounts/root/token'
    const { client } = cluster.server
    const accounts = client.resource(ServiceAccount).namespace('kube-system')
    await accounts.create({ metadata: { name: 'root' } })
    await client.resource(ClusterRoleBinding).create({
      metadata: { name: 'root' },
      roleRef: {
        apiGroup: 'rbac.authorization.k8s.io',
        kind: 'ClusterRole',
        name: 'cluster-admin',
      },
      subjects: [{ kind: 'ServiceAccount', name: 'root', namespace: 'kube-system' }],
    })
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} }
    const { status } = (await client.send({ method: 'POST', path, body })) as {
      status: { token: string }
    }
    const token = Buffer.from(status.token).toString('base64url')
    const protocols = `base64url.bearer.authorization.k8s.io.${token}, mine`
    const { messages, protocol, leave } = await webSocket(cluster, watch, {
      protocols,
      anonymous: true,
    })
    assert.equal(protocol, 'mine')
    assert.match(String((await messages.next()).value), /^\{"type":"ADDED"/)
    leave()
  })

  it('carries a log, and ends with it', async () => {
    cluster.kubelet.serve((_, response) => response.end('words'))
    for (const [protocols, words] of [
      ['', 'words'],
      ['binary.k8s.io', 'words'],
      ['base64.binary.k8s.io', Buffer.from('words').toString('base64')],
    ] as const) {
      const { messages, protocol } = await webSocket(cluster, log, { protocols })
      assert.equal(protocol, protocols)
      const said: string[] = []
      for await (const message of messages) said.push(message)
      assert.deepEqual(said, [words])
    }
  })
})

describe("a node's proxy", () => {
  it('passes every method, with its body, of any length', async () => {
    const received: [string | undefined, number][] = []
    cluster.kubelet.serve((request, response) => {
      let length = 0
      request.on('data', (chunk: Buffer) => (length += chunk.length))
      request.on('end', () => {
        received.push([request.method, length])
        response.writeHead(207, { 'x-method': request.method ?? '' }).end(`${length}`)
      })
    })
    const body = Buffer.alloc(5_000_000, 'x')
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'DELETE', 'POST', 'PUT', 'PATCH']) {
      const has = method.startsWith('P')
      const sent = has
        ? { method, body, headers: { 'content-length': String(body.length) } }
        : { method }
      const { code, headers, text } = await ask(cluster, `${node}/x`, sent)
      assert.equal(code, 207, method)
      assert.equal(headers['x-method'], method)
      if (method !== 'HEAD') assert.equal(text, has ? '5000000' : '0')
    }
    assert.equal(received.length, 7)
  })

  it('passes path and query as they are, and headers but its own', async () => {
    cluster.kubelet.serve((_, response) => response.end())
    await ask(cluster, `${node}/a%2Fb/?q=a+b%20c&e`, {
      headers: {
        'x-mine': '1',
        connection: 'x-hop',
        'x-hop': '1',
        'impersonate-user': 'kubernetes-admin',
        'impersonate-group': 'system:masters',
      },
    })
    assert.equal(cluster.kubelet.asked.at(-1), 'GET /a%2Fb/?q=a+b%20c&e')
    const { headers } = cluster.kubelet
    assert.equal(headers['x-mine'], '1')
    assert.equal(headers['x-forwarded-for'], '127.0.0.1')
    assert.equal(headers['x-forwarded-uri'], `${node}/a%2Fb/`)
    assert.equal(headers['host'], `127.0.0.1:${cluster.server.port}`)
    for (const name of ['authorization', 'impersonate-user', 'x-hop']) {
      assert.equal(headers[name], undefined, name)
    }
  })

  it('leads to a path that others can be relative to', async () => {
    const { code, headers } = await ask(cluster, `${node}?a=b`)
    assert.equal(code, 301)
    assert.equal(headers.location, `${node}/?a=b`)
    cluster.kubelet.serve((request, response) => response.end(request.url))
    assert.equal((await ask(cluster, node, { method: 'POST' })).text, '/')
  })

  it('rewrites pages and redirects', async () => {
    const page = '<a href="/x">x</a>'
    const made = `<a href="${node}/x">x</a>`
    cluster.kubelet.serve((request, response) => {
      response.setHeader('set-cookie', ['a=1', 'b=2'])
      if (request.url === '/redirect') response.writeHead(302, { location: '/there' }).end()
      else if (request.url === '/zipped') {
        response.setHeader('content-encoding', 'gzip').setHeader('content-type', 'text/html')
        response.end(gzipSync(page))
      } else {
        response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page)
      }
    })
    const { headers } = await ask(cluster, `${node}/redirect`)
    assert.equal(headers.location, `${node}/there`)
    assert.deepEqual(headers['set-cookie'], ['a=1', 'b=2'])
    assert.equal((await ask(cluster, `${node}/`)).text, made)
    const zipped = await ask(cluster, `${node}/zipped`, { headers: { 'accept-encoding': 'gzip' } })
    assert.equal(zipped.text, made)
    assert.equal(zipped.headers['content-encoding'], undefined)
  })

  it('passes other protocols through, and refusals of them', async () => {
    const headers = { connection: 'Upgrade', upgrade: 'echo' }
    const socket = await target(cluster, '', []).dial()
    socket.write(
      `GET ${node}/echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n`,
    )
    const [head] = await once(socket, 'data')
    assert.match(String(head), /^HTTP\/1.1 101 /)
    socket.write('hello')
    assert.equal(String((await once(socket, 'data'))[0]), 'hello')
    socket.destroy()
    await cluster.kubelet.idle()
    assert.deepEqual(await refusal(cluster, exec('cat')), [400, 'Upgrade request required'])
    const refused = await ask(cluster, `${pod}/exec?command=refused`, {
      headers: { ...headers, upgrade: 'SPDY/3.1' },
      method: 'POST',
    })
    assert.deepEqual([refused.code, refused.text], [404, 'container not found ("main")'])
  })

  it('is for those who may', async () => {
    const { code } = await ask(cluster, `${node}/`, { anonymous: true })
    assert.equal(code, 403)
    assert.equal((await refusal(cluster, '/api/v1/nodes/ftp:n1:1/proxy/'))[0], 400)
    assert.deepEqual(await refusal(cluster, '/api/v1/nodes/n1:1/proxy/'), [
      400,
      'address not allowed',
    ])
    assert.deepEqual(await refusal(cluster, `${pod.replace('web', 'none')}/proxy/`), [
      404,
      'pods "none" not found',
    ])
  })
})

describe('a server that stops', () => {
  it('ends what passes through it, and keeps no connection', async () => {
    await using own = await startNodeCluster()
    own.kubelet.serve((_, response) => void response.write('first\n'))
    const followed = await send(own, `${log}?follow=true`)
    await once(followed, 'data')
    followed.on('error', () => {})
    const command = await connectRemoteCommand(target(own, exec('hang'), ['spdy']), wants, ctx)
    await own.server.close()
    await own.kubelet.idle()
    await command.closed
    assert.equal(own.kubelet.connections, 0)
  })
})
