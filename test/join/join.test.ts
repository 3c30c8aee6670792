import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSecureServer, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { after, before, beforeEach, describe, it } from 'node:test'
import { CertificateSigningRequest, ClusterRoleBinding, Node, Secret } from '#api'
import { deferred, poll, realClock } from '#base'
import { Client, httpsTransport, loadKubeconfig } from '#client'
import { caPin, joinCluster, type ServingCertificate } from '#cluster'
import { memoryPki, parseCertificates, privateKeyToPem } from '#pki'
import { register, startJoinable, type JoinableServer } from './joining.ts'

let at: JoinableServer
let requests: ReturnType<typeof requestsOf>
before(async () => {
  at = await startJoinable()
  requests = requestsOf(at)
})
after(() => at[Symbol.asyncDispose]())
beforeEach(async () => {
  await requests.deleteCollection()
})

function requestsOf({ server }: JoinableServer) {
  return server.client.resource(CertificateSigningRequest)
}

const files = (node: string) => readdirSync(join(at.dir, node, 'pki')).sort()
const issued = async (certificate: ServingCertificate) => {
  const done = deferred<void>()
  const forget = certificate.watch(() => done.resolve())
  await done.promise
  forget()
  const [parsed] = parseCertificates(certificate.current()?.certificate ?? '')
  return parsed?.alternativeNames
}

describe('a machine that joins', () => {
  it('is its node from then on, also when it starts again while the server is away', async () => {
    {
      await using joined = await joinCluster(at.options('one', { token: await at.token() }))
      await register(at.clientOf(joined), 'one', '10.9.8.7')
      assert.equal(joined.clientCa, at.ca)
      assert.equal(statSync(join(at.dir, 'one')).mode & 0o777, 0o700)
      for (const file of ['one/kubelet.conf', 'one/pki/kubelet-client-current.pem']) {
        assert.equal(statSync(join(at.dir, file)).mode & 0o777, 0o600)
      }
      const { endpoint } = loadKubeconfig([joined.kubeconfig])
      const transport = httpsTransport(endpoint, { clock: realClock, userAgent: 'test' })
      await using byFile = new Client(transport, realClock)
      await byFile.resource(Node).get('one')
    }
    // Nobody listens there, and nobody is asked.
    await using again = await joinCluster(at.options('one', { server: 'https://127.0.0.1:1' }))
    assert.equal(loadKubeconfig([again.kubeconfig]).endpoint.server, 'https://127.0.0.1:1')
    assert.deepEqual(files('one'), ['ca.crt', 'kubelet-client-current.pem'])
    const { items } = await requests.list()
    assert.equal(items.length, 1)
    assert.match(items[0]?.metadata.name ?? '', /^node-csr-/)
    assert.equal(items[0]?.spec.signerName, 'kubernetes.io/kube-apiserver-client-kubelet')
  })

  it('serves by a certificate for the addresses its Node has, and for others when those change', async () => {
    await using joined = await joinCluster(at.options('serves', { token: await at.token() }))
    const client = at.clientOf(joined)
    const serving = joined.serving({ names: ['serves'], ips: ['10.9.8.1'] })
    assert.equal(serving.current(), undefined)
    const first = issued(serving)
    await register(client, 'serves', '10.9.8.1')
    assert.deepEqual((await first)?.ipAddresses, ['10.9.8.1'])

    const second = issued(serving)
    assert.equal(joined.serving({ names: ['serves'], ips: ['10.9.8.2'] }), serving)
    const addresses = [
      { type: 'InternalIP', address: '10.9.8.2' },
      { type: 'Hostname', address: 'serves' },
    ]
    const patch = { status: { addresses } }
    await client.resource(Node).subresource('status').patch('serves', { type: 'merge', patch })
    assert.deepEqual((await second)?.ipAddresses, ['10.9.8.2'])
    await joined[Symbol.asyncDispose]()

    await using again = await joinCluster(at.options('serves'))
    const kept = again.serving({ names: ['serves'], ips: ['10.9.8.2'] })
    assert.deepEqual(kept.current(), serving.current())
    assert.equal((await requests.list()).items.length, 3)
  })

  it('gets no serving certificate for addresses of others', async () => {
    await using joined = await joinCluster(at.options('liar', { token: await at.token() }))
    await register(at.clientOf(joined), 'liar', '10.9.8.3')
    joined.serving({ names: ['liar', 'kubernetes.default.svc'], ips: ['10.9.8.3'] })
    const pending = await poll(
      { clock: realClock, intervalMs: 10, timeoutMs: 10_000, what: 'a pending request' },
      async () =>
        (await requests.list()).items.find(({ spec }) => spec.signerName.endsWith('-serving')),
    )
    await requests.delete(pending.metadata.name ?? '')
    assert.equal(pending.status.conditions, undefined)
  })

  it('may bring along the CA, or its hash, with a plain token', async () => {
    const plain = (await at.token()).split('.').slice(-2).join('.')
    const caFile = join(at.dir, 'ca.pem')
    writeFileSync(caFile, at.ca)
    await using byFile = await joinCluster(at.options('by-file', { token: plain, caFile }))
    assert.equal(byFile.clientCa, at.ca)
    const caCertHash = `sha256:${caPin(at.ca)}`
    await using byHash = await joinCluster(at.options('by-hash', { token: plain, caCertHash }))
    assert.equal(byHash.clientCa, at.ca)
  })

  it('waits for a server that is not there yet', async () => {
    const listening = at.server.url
    const token = await at.token()
    let tries = 0
    // On this clock a first attempt fails before any time has passed, and the wait starts the server.
    const clock = Object.assign(Object.create(realClock), {
      sleep(ms: number, signal?: AbortSignal) {
        tries++
        return realClock.sleep(ms, signal)
      },
    })
    const options = at.options('early', {
      token,
      clock,
      server: 'https://127.0.0.1:1',
      reachMs: 600,
    })
    await assert.rejects(joinCluster(options), {
      name: 'ClusterError',
      message: /^https:\/\/127\.0\.0\.1:1 cannot be reached: .*ECONNREFUSED/,
    })
    assert.ok(tries >= 1)
    await using joined = await joinCluster({ ...options, server: listening })
    assert.equal(joined.clientCa, at.ca)
  })
})

describe('a machine does not join', () => {
  const refused = async (name: string, more: object, message: RegExp) => {
    const options = at.options(name, { reachMs: 300, approvalMs: 2_000, ...more })
    await assert.rejects(joinCluster(options), { name: 'ClusterError', message })
    assert.equal(existsSync(join(at.dir, name, 'kubelet.conf')), false)
  }

  it('the cluster of somebody who answers in its place', async () => {
    await using other = await startJoinable()
    const message =
      /is not of the cluster that the token is for: its CA has sha256:[0-9a-f]{64}, and not/
    await refused('pinned', { server: other.server.url, token: await at.token() }, message)
    const caFile = join(at.dir, 'own-ca.pem')
    writeFileSync(caFile, at.ca)
    const token = await at.token()
    await refused('misled', { server: other.server.url, token, caFile }, /signed by another CA$/)
    assert.equal((await requestsOf(other).list()).items.length, 0)
  })

  const rogues: readonly (readonly [
    string,
    'silence' | 'close' | { readonly body: string; readonly type?: string; readonly code?: number },
    RegExp,
  ])[] = [
    ['says nothing', 'silence', /cannot be reached: no answer within 0\.3 s$/],
    ['hangs up', 'close', /cannot be reached: /],
    [
      'speaks no JSON',
      { body: 'hello' },
      /cluster-info of \S+ is of no use: its kubeconfig has no/,
    ],
    ['says null', { body: 'null', type: 'application/json' }, /is of no use/],
    ['breaks off', { body: '{"data":', type: 'application/json' }, /is no API server: /],
    ['is a proxy in front of none', { body: 'bad gateway', code: 502 }, /is no API server: .*502/],
  ]
  for (const [what, answer, message] of rogues) {
    it(`what ${what}`, async (t) => {
      const { serving } = memoryPki({ ...at.options('x'), hostName: 'x', serviceIps: [] })
      const rogue = createSecureServer({
        cert: serving.certificate.pem,
        key: privateKeyToPem(serving.key.privateKey),
      })
      const sessions = new Set<{ destroy(): void }>()
      const heard: string[] = []
      rogue.on('session', (session) => sessions.add(session))
      rogue.on('stream', (stream: ServerHttp2Stream, headers) => {
        stream.on('error', () => {})
        heard.push(JSON.stringify(headers))
        if (answer === 'close') stream.session?.destroy()
        else if (answer !== 'silence') {
          const { body, type = 'text/plain', code = 200 } = answer
          stream.respond({ ':status': code, 'content-type': type })
          stream.end(body)
        }
      })
      rogue.listen(0, '127.0.0.1')
      await once(rogue, 'listening')
      t.after(() => {
        for (const session of sessions) session.destroy()
        rogue.close()
      })
      const { port } = rogue.address() as AddressInfo
      const token = await at.token()
      await refused(`rogue-${port}`, { token, server: `https://127.0.0.1:${port}` }, message)
      assert.ok(heard.length > 0)
      assert.ok(heard.every((headers) => !headers.includes('authorization')))
    })
  }

  it('by a token that nobody knows, or that has expired', async () => {
    const token = await at.token()
    const unknown = token.replace(/[a-z0-9]{16}$/, '0123456789abcdef')
    await refused('unknown', { token: unknown }, /does not accept the token/)
    const id = token.split('.')[2]
    await at.server.client
      .resource(Secret)
      .namespace('kube-system')
      .patch(`bootstrap-token-${id}`, {
        type: 'merge',
        patch: { stringData: { expiration: '2020-01-01T00:00:00Z' } },
      })
    await refused('late', { token }, /it is unknown there, or has expired; k8ts token create/)
  })

  it('without a token, or by a word that is none', async () => {
    await refused('none', {}, /holds no credentials of node none: join with --token/)
    const options = at.options('bad', { token: 'secret' })
    await assert.rejects(joinCluster(options), /^ClusterError: the token is neither/)
  })

  it('without knowing the CA', async () => {
    const plain = (await at.token()).split('.').slice(-2).join('.')
    await refused('trusting', { token: plain }, /does not say which CA the cluster has/)
    const token = await at.token()
    const caCertHash = `sha256:${'0'.repeat(64)}`
    const options = at.options('torn', { token, caCertHash })
    await assert.rejects(joinCluster(options), /are not of the same cluster/)
    const caFile = join(at.dir, 'no-such-file')
    await refused('fileless', { token: plain, caFile }, /the CA in .*no-such-file cannot be read/)
    writeFileSync(join(at.dir, 'empty.pem'), '')
    const empty = join(at.dir, 'empty.pem')
    await refused('empty', { token: plain, caFile: empty }, /empty\.pem has no CA/)
  })

  it('under a name that is none, or that a ready node has', async () => {
    const token = await at.token()
    await assert.rejects(
      joinCluster(at.options('Not_A_Name', { token })),
      /^ClusterError: "Not_A_Name" is no name for a node/,
    )
    await using joined = await joinCluster(at.options('taken', { token }))
    await register(at.clientOf(joined), 'taken', '10.9.8.4')
    await refused('taken-2', { token, nodeName: 'taken' }, /has a node taken, which is ready/)
  })

  it('at an address that is none', async () => {
    const token = await at.token()
    for (const server of ['127.0.0.1:6443', 'http://127.0.0.1:6443', 'https://', '']) {
      await assert.rejects(
        joinCluster(at.options('lost', { token, server })),
        /^ClusterError: the server is given as https:\/\/HOST:PORT, not as/,
      )
    }
    // The same address in a form that no certificate names.
    const server = at.server.url.replace('127.0.0.1', '[::ffff:7f00:1]')
    await refused('aliased', { token, server }, /is for other names.*--tls-san ::ffff:7f00:1$/)
  })

  it('with the directory of another node, or of another cluster', async () => {
    const token = await at.token()
    await using joined = await joinCluster(at.options('owner', { token }))
    const { directory } = at.options('owner')
    await assert.rejects(
      joinCluster(at.options('other', { token, directory })),
      /^ClusterError: .*owner holds the credentials of node owner: remove it/,
    )
    await using elsewhere = await startJoinable()
    await assert.rejects(
      joinCluster(elsewhere.options('owner', { token: await elsewhere.token(), directory })),
      /^ClusterError: .*owner holds the credentials of a node of another cluster/,
    )
    assert.equal(joined.clientCa, at.ca)
  })

  it('with credentials that are damaged, and leaves them as they are', async () => {
    const token = await at.token()
    await (await joinCluster(at.options('torn', { token })))[Symbol.asyncDispose]()
    const file = join(at.dir, 'torn', 'pki', 'kubelet-client-current.pem')
    const whole = readFileSync(file, 'utf8')
    const strange = privateKeyToPem(
      memoryPki({ ...at.options('x'), hostName: 'x', serviceIps: [] }).admin.key.privateKey,
    )
    const certificate = whole.slice(0, whole.indexOf('-----BEGIN EC'))
    for (const text of ['', whole.slice(0, 100), certificate, certificate + strange]) {
      writeFileSync(file, text)
      await assert.rejects(
        joinCluster(at.options('torn', { token })),
        /^ClusterError: .*kubelet-client-current\.pem cannot be used: .*remove it to get another$/,
      )
      assert.equal(readFileSync(file, 'utf8'), text)
    }
    writeFileSync(join(at.dir, 'file'), '')
    await assert.rejects(
      joinCluster(at.options('x', { token, directory: join(at.dir, 'file') })),
      /^ClusterError: node directory .*file cannot be used: it is no directory$/,
    )
  })
})

describe('a join that somebody has to approve', () => {
  const binding = 'kubeadm:node-autoapprove-bootstrap'
  const bindings = () => at.server.client.resource(ClusterRoleBinding)
  before(async () => {
    await bindings().delete(binding)
  })
  after(async () => {
    await bindings().create({
      metadata: { name: binding },
      roleRef: {
        apiGroup: 'rbac.authorization.k8s.io',
        kind: 'ClusterRole',
        name: 'system:certificates.k8s.io:certificatesigningrequests:nodeclient',
      },
      subjects: [{ kind: 'Group', name: 'system:bootstrappers:kubeadm:default-node-token' }],
    })
  })

  const pending = () =>
    poll({ clock: realClock, intervalMs: 10, timeoutMs: 10_000, what: 'a request' }, async () =>
      (await requests.list()).items.at(0),
    )
  const decide = async (type: 'Approved' | 'Denied') => {
    const csr = await pending()
    const condition = { type, status: 'True', reason: 'Test', message: 'as you like' }
    await requests
      .subresource('approval')
      .update(csr.metadata.name ?? '', { ...csr, status: { conditions: [condition] } })
  }

  it('waits, and takes what was decided while it was away', async () => {
    const token = await at.token()
    const stop = new AbortController()
    const first = joinCluster(at.options('slow', { token, signal: stop.signal }))
    const { name } = (await pending()).metadata
    stop.abort(new Error('killed'))
    await assert.rejects(first, /killed/)
    assert.deepEqual(files('slow'), ['ca.crt', 'kubelet-client.key.tmp'])
    await decide('Approved')

    await using joined = await joinCluster(at.options('slow', { token: await at.token() }))
    await register(at.clientOf(joined), 'slow', '10.9.8.5')
    const { items } = await requests.list()
    assert.deepEqual(
      items.map(({ metadata }) => metadata.name),
      [name],
    )
    assert.deepEqual(files('slow'), ['ca.crt', 'kubelet-client-current.pem'])
  })

  it('says so when nobody does, and finds its request the next time', async () => {
    const options = at.options('ignored', { token: await at.token(), approvalMs: 100 })
    for (const _ of [1, 2]) {
      await assert.rejects(joinCluster(options), {
        name: 'ClusterError',
        message: /^the certificate request node-csr-\S+ was not approved within 0\.1 s: look at it/,
      })
    }
    assert.equal((await requests.list()).items.length, 1)
  })

  it('says so when it is denied, and asks anew the next time', async () => {
    const options = at.options('denied', { token: await at.token() })
    const refused = assert.rejects(joinCluster(options), {
      name: 'ClusterError',
      message: /^the certificate request node-csr-\S+ was denied \(Test: as you like\)$/,
    })
    await decide('Denied')
    await refused
    assert.deepEqual(files('denied'), ['ca.crt'])
    await requests.deleteCollection()
    const again = joinCluster(options)
    await decide('Approved')
    await using joined = await again
    assert.equal(joined.clientCa, at.ca)
  })

  it('asks anew when what it was given before its end is of no use any more', async () => {
    const options = at.options('stale', { token: await at.token(), approvalMs: 100 })
    await assert.rejects(joinCluster(options), /was not approved/)
    const csr = await pending()
    const certificate = Buffer.from(at.ca).toString('base64')
    await requests.updateStatus({ ...csr, status: { certificate } })
    const again = joinCluster({ ...options, approvalMs: 10_000 })
    await poll(
      { clock: realClock, intervalMs: 10, timeoutMs: 10_000, what: 'another request' },
      async () => (await requests.list()).items.length === 2,
    )
    await requests.delete(csr.metadata.name ?? '')
    await decide('Approved')
    await using joined = await again
    assert.equal(joined.clientCa, at.ca)
  })
})
