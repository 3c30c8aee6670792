import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { after, before, describe, it } from 'node:test'
import { CertificateSigningRequest, Node } from '#api'
import { deferred, poll, realClock, realRandom } from '#base'
import { Client, httpsTransport, loadKubeconfig } from '#client'
import { joinCluster } from '#cluster'
import {
  generateKeyPair,
  issueCertificate,
  keyPairFromPem,
  parseCertificates,
  privateKeyToPem,
} from '#pki'
import { register, startJoinable, type JoinableServer } from './joining.ts'
import { JumpingClock } from './jumping-clock.ts'

const clock = new JumpingClock()
const hourMs = 3_600_000
const dayMs = 24 * hourMs

let at: JoinableServer
before(async () => {
  at = await startJoinable(clock)
})
after(() => at[Symbol.asyncDispose]())

const fileOf = (node: string) => join(at.dir, node, 'pki', 'kubelet-client-current.pem')
const certificateOf = (node: string) => {
  const [certificate] = parseCertificates(readFileSync(fileOf(node), 'utf8'))
  assert.ok(certificate !== undefined)
  return certificate
}
const renewedSince = (node: string, before: string) =>
  poll({ clock: realClock, intervalMs: 10, timeoutMs: 10_000, what: 'a renewal' }, () =>
    certificateOf(node).serialNumber === before ? undefined : certificateOf(node),
  )

/** Puts a certificate of this life into a node's directory, signed by the cluster's CA. */
function age(node: string, notBeforeMs: number, notAfterMs: number): void {
  const file = (name: string) => readFileSync(join(at.dir, 'data', 'pki', name), 'utf8')
  const [certificate] = parseCertificates(at.ca)
  assert.ok(certificate !== undefined)
  const ca = { certificate, key: keyPairFromPem(file('ca.key')) }
  const key = generateKeyPair('ecdsa-p256', realRandom)
  const old = issueCertificate(
    {
      subject: { commonName: `system:node:${node}`, organizations: ['system:nodes'] },
      publicKey: key.publicKey,
      usages: ['digital signature', 'client auth'],
      notBeforeMs,
      notAfterMs,
    },
    ca,
    realRandom,
  )
  writeFileSync(fileOf(node), old.pem + privateKeyToPem(key.privateKey))
}

describe('the certificates of a node', () => {
  it('are renewed before they expire, while calls and watches go on', async () => {
    await using joined = await joinCluster(at.options('lasting', { token: await at.token() }))
    const client = at.clientOf(joined)
    const serving = joined.serving({ names: ['lasting'], ips: ['10.9.8.6'] })
    const first = deferred<void>()
    const second = deferred<void>()
    serving.watch(() => {
      first.resolve()
      if (serving.current()?.certificate !== firstServing) second.resolve()
    })
    await register(client, 'lasting', '10.9.8.6')
    await first.promise
    const firstServing = serving.current()?.certificate
    const { serialNumber, publicKey } = certificateOf('lasting')
    const nodes = client.resource(Node)
    const { metadata } = await nodes.get('lasting')
    await using watch = nodes.watch({
      fieldSelector: 'metadata.name=lasting',
      resourceVersion: metadata.resourceVersion,
    })
    await using beside = await joinCluster(at.options('lasting'))
    assert.equal(certificateOf('lasting').serialNumber, serialNumber)
    await beside[Symbol.asyncDispose]()

    // Past 90 % of a year.
    clock.jump(331 * dayMs)
    const renewed = await renewedSince('lasting', serialNumber)
    await second.promise
    assert.ok(!renewed.publicKey.equals(publicKey))
    assert.ok(renewed.notAfterMs > clock.now() + 330 * dayMs)
    const patch = { metadata: { annotations: { touched: 'yes' } } }
    await nodes.patch('lasting', { type: 'merge', patch })
    for await (const { object } of watch) {
      if (object.metadata.annotations?.['touched'] === 'yes') break
    }
    const { endpoint } = loadKubeconfig([joined.kubeconfig])
    await using byFile = new Client(httpsTransport(endpoint, { clock, userAgent: 'test' }), clock)
    await byFile.resource(Node).get('lasting')
    const { items } = await at.server.client.resource(CertificateSigningRequest).list()
    assert.deepEqual(
      items
        .filter(({ spec }) => spec.username === 'system:node:lasting')
        .map(({ spec }) => spec.signerName)
        .sort(),
      ['kubernetes.io/kube-apiserver-client-kubelet', 'kubernetes.io/kubelet-serving'],
    )
  })

  it('are asked for by token again when the node was away for too long', async () => {
    const token = await at.token()
    await (await joinCluster(at.options('away', { token })))[Symbol.asyncDispose]()
    age('away', clock.now() - 2 * hourMs, clock.now() - hourMs)
    const old = certificateOf('away').serialNumber
    await assert.rejects(joinCluster(at.options('away')), {
      name: 'ClusterError',
      message:
        /^the certificate of node away expired at \S+Z: join with --token; k8ts token create/,
    })
    assert.equal(certificateOf('away').serialNumber, old)
    await using joined = await joinCluster(at.options('away', { token }))
    assert.notEqual(certificateOf('away').serialNumber, old)
    await register(at.clientOf(joined), 'away', '10.9.8.7')
  })

  it('are asked for by token again when they could not be renewed in time', async () => {
    const token = await at.token()
    await (await joinCluster(at.options('asleep', { token })))[Symbol.asyncDispose]()
    age('asleep', clock.now() - hourMs, clock.now() + 10 * hourMs)
    const old = certificateOf('asleep').serialNumber
    await using joined = await joinCluster(at.options('asleep', { token: await at.token(dayMs) }))
    assert.equal(certificateOf('asleep').serialNumber, old)
    // As a machine does that was suspended.
    clock.jump(11 * hourMs)
    await renewedSince('asleep', old)
    await register(at.clientOf(joined), 'asleep', '10.9.8.8')
  })
})

describe('a server that runs for a year', () => {
  // The last test: to OpenSSL, which knows the real time, what it serves by is of the future.
  it('serves by a renewed certificate, and renews the kubeconfig of its administrator', async () => {
    const file = join(at.dir, 'data', 'admin.kubeconfig')
    const certificate = () => {
      const [parsed] = parseCertificates(loadKubeconfig([file]).endpoint.certificate ?? '')
      assert.ok(parsed !== undefined)
      return parsed
    }
    const shown = async () => {
      const socket = connect({
        host: '127.0.0.1',
        port: at.server.port,
        ca: at.ca,
        rejectUnauthorized: false,
      })
      await once(socket, 'secureConnect')
      const peer = socket.getPeerX509Certificate()
      socket.destroy()
      return peer?.fingerprint256
    }
    const [before, admin] = [await shown(), certificate()]
    clock.jump(30 * dayMs)
    await poll({ clock: realClock, intervalMs: 10, timeoutMs: 10_000, what: 'a renewal' }, () =>
      certificate().serialNumber === admin.serialNumber ? undefined : true,
    )
    assert.ok(certificate().notAfterMs > clock.now() + 360 * dayMs)
    assert.notEqual(await shown(), before)
    const { endpoint } = loadKubeconfig([file])
    const transport = httpsTransport({ ...endpoint, insecure: true }, { clock, userAgent: 'test' })
    await using client = new Client(transport, clock)
    await client.resource(Node).list()
  })
})
