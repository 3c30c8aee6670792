import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'
import { test, type TestContext } from 'node:test'
import { serveHttps, type HttpsServer } from '#apiserver'
import { realRandom, silentLog, VirtualClock } from '#base'
import { memoryPki, privateKeyToPem, verifyCertificate } from '#pki'
import { renewCertificates } from './certificate-renewal.ts'

const dayMs = 86_400_000

async function open(t: TestContext, { port }: HttpsServer): Promise<TLSSocket> {
  // Time stands elsewhere than OpenSSL thinks.
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false })
  t.after(() => socket.destroy())
  await once(socket, 'secureConnect')
  return socket
}

const shown = (socket: TLSSocket) => socket.getPeerX509Certificate()?.fingerprint256

test('a running server renews its certificates before they end, and cuts no connection', async (t) => {
  const clock = new VirtualClock()
  const pki = memoryPki({ clock, random: realRandom, hostName: 'here', serviceIps: [] })
  const { ca, serving, admin, kubeletClient } = pki
  const https = await serveHttps({
    handler: { serve: () => assert.fail('nothing is asked') },
    clock,
    log: silentLog,
    hosts: ['127.0.0.1'],
    port: 0,
    certificate: serving.certificate.pem,
    key: privateKeyToPem(serving.key.privateKey),
    clientCas: [ca.certificate.pem],
  })
  t.after(() => https.close(0))
  const stopping = new AbortController()
  let failures = 1
  const running = renewCertificates({
    pki,
    clock,
    log: silentLog,
    signal: stopping.signal,
    async renewed() {
      if (failures-- > 0) throw new Error('the disk is full')
      const { certificate, key } = pki.serving
      https.useCertificate(certificate.pem, privateKeyToPem(key.privateKey))
    },
  })
  const before = await open(t, https)
  await clock.advance(334 * dayMs)
  assert.equal(pki.serving, serving)
  await clock.advance(1.1 * dayMs)

  assert.notEqual(pki.serving.certificate.pem, serving.certificate.pem)
  assert.ok(pki.serving.key.publicKey.equals(serving.key.publicKey))
  assert.notEqual(pki.admin.certificate.pem, admin.certificate.pem)
  assert.notEqual(pki.kubeletClient.certificate.pem, kubeletClient.certificate.pem)
  assert.equal(pki.ca, ca)
  const after = await open(t, https)
  assert.equal(shown(after), pki.serving.certificate.x509.fingerprint256)
  assert.notEqual(shown(before), shown(after))
  assert.equal(before.readyState, 'open')
  await clock.advance(3 * 365 * dayMs)
  const atMs = clock.now()
  verifyCertificate(pki.serving.certificate, {
    roots: [ca.certificate],
    atMs,
    usage: 'server auth',
  })
  stopping.abort()
  await running
})
