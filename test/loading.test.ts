import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createApiServer } from '#apiserver'
import { realClock, realRandom, silentLog, type Clock } from '#base'
import { memoryPki, privateKeyToPem } from '#pki'
import { openStore, type Op } from '#store'

/** On this clock each look at the elapsed time takes a twentieth of a millisecond. */
class CountingClock implements Clock {
  yields = 0
  longestMs = 0
  #elapsedMs = 0
  #sliceBeganMs = 0
  readonly now = () => realClock.now()
  readonly timer: Clock['timer'] = (...args) => realClock.timer(...args)
  readonly sleep: Clock['sleep'] = (...args) => realClock.sleep(...args)

  elapsed(): number {
    this.#elapsedMs += 0.05
    return this.#elapsedMs
  }

  yield(): Promise<void> {
    this.yields++
    this.longestMs = Math.max(this.longestMs, this.#elapsedMs - this.#sliceBeganMs)
    this.#sliceBeganMs = this.#elapsedMs
    return realClock.yield()
  }
}

test('an API server that starts on many objects lets other work run in between', async () => {
  const services = { clock: realClock, random: realRandom, log: silentLog }
  await using store = await openStore({ type: 'memory', ...services })
  const objects = 20_000
  for (let from = 0; from < objects; from += 100) {
    await store.txn({ compare: [], ops: Array.from({ length: 100 }, (_, i) => put(from + i)) })
  }
  const clock = new CountingClock()
  const pki = memoryPki({ ...services, hostName: 'here', serviceIps: [] })
  const server = await createApiServer({
    ...services,
    store,
    clock,
    clientCa: pki.ca.certificate.pem,
    requestHeaderCa: undefined,
    serviceAccountKey: privateKeyToPem(pki.serviceAccount.privateKey),
    serviceAccountIssuer: 'https://kubernetes.default.svc.cluster.local',
    serviceCidrs: ['10.43.0.0/16'],
    nodePorts: { from: 30_000, to: 32_767 },
    advertise: undefined,
  })
  await server.shutdown()
  // Each object takes a look at the clock at least: 20,000 of them are 200 slices of 5 ms.
  assert.ok(clock.yields >= 190, `${clock.yields} yields`)
  assert.ok(clock.longestMs <= 10, `${clock.longestMs} ms without a yield`)
})

function put(index: number): Op {
  const name = `loaded-${String(index).padStart(5, '0')}`
  const metadata = { name, namespace: 'default', uid: realRandom.uuid() }
  const object = { kind: 'ConfigMap', apiVersion: 'v1', metadata, data: { index: `${index}` } }
  return {
    type: 'put',
    key: `/registry/configmaps/default/${name}`,
    value: Buffer.from(JSON.stringify(object)),
  }
}
