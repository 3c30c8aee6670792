import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { CertificateSigningRequest, Node } from '#api'
import { deferred, realClock, realRandom, silentLog } from '#base'
import { Client, httpsTransport, loadKubeconfig } from '#client'
import {
  caPin,
  createBootstrapToken,
  formatJoinToken,
  joinCluster,
  type JoinOptions,
  type Server,
} from '#cluster'
import { startTestServer } from '../server.ts'

const services = { clock: realClock, random: realRandom, log: silentLog }

let dir = ''
let server: Server
before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'k8ts-join-'))
  server = await startTestServer(dir, { apiOnly: false })
})
after(async () => {
  await server.close()
  rmSync(dir, { recursive: true })
})

async function token(): Promise<string> {
  const ca = loadKubeconfig([join(dir, 'data', 'admin.kubeconfig')]).endpoint.ca ?? ''
  const made = await createBootstrapToken(server.client, { ttlMs: 60_000 }, services)
  return formatJoinToken({ ...made, caPin: caPin(ca) })
}

function options(nodeName: string, more: Partial<JoinOptions> = {}): JoinOptions {
  const { signal } = new AbortController()
  const directory = join(dir, nodeName)
  return { ...services, server: server.url, token: undefined, nodeName, directory, signal, ...more }
}

describe('a machine that joins', () => {
  it('is its node from then on, also when it starts again', async () => {
    {
      await using joined = await joinCluster(options('one', { token: await token() }))
      const client = new Client(joined.transport, realClock)
      await client.resource(Node).create({ metadata: { name: 'one' } })
      const addresses = [
        { type: 'InternalIP', address: '10.9.8.7' },
        { type: 'Hostname', address: 'one' },
      ]
      const serving = joined.serving({ names: ['one'], ips: ['10.9.8.7'] })
      const issued = deferred<void>()
      serving.watch(() => issued.resolve())
      await client
        .resource(Node)
        .subresource('status')
        .patch('one', { type: 'merge', patch: { status: { addresses } } })
      await issued.promise
      assert.match(serving.current()?.certificate ?? '', /BEGIN CERTIFICATE/)
    }
    await using again = await joinCluster(options('one'))
    await new Client(again.transport, realClock).resource(Node).get('one')
    const { endpoint } = loadKubeconfig([again.kubeconfig])
    await using byFile = new Client(
      httpsTransport(endpoint, { clock: realClock, userAgent: 'test' }),
      realClock,
    )
    await byFile.resource(Node).get('one')
    const path = join(dir, 'one')
    assert.equal(statSync(path).mode & 0o777, 0o700)
    assert.deepEqual(readdirSync(join(path, 'pki')).sort(), [
      'ca.crt',
      'kubelet-client-current.pem',
      'kubelet-server-current.pem',
    ])
    const { items } = await server.client.resource(CertificateSigningRequest).list()
    assert.equal(items.length, 2)
  })
})
