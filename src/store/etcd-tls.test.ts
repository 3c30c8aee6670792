import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { realClock, realRandom, silentLog } from '#base'
import type { EtcdTls } from './etcd-connection.ts'
import { openStore } from './open.ts'
import { ownText, rejects } from './testing/contract.ts'
import { startEtcd } from './testing/etcd-process.ts'

const services = { clock: realClock, log: silentLog, random: realRandom }

/** An authority and one certificate for server and client, made by openssl. */
function certificates(t: TestContext, subjectAltName: string) {
  const dir = mkdtempSync(join(tmpdir(), 'k8ts-tls-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  const openssl = (command: string) => {
    const { status, stderr } = spawnSync('openssl', command.split(' '), {
      cwd: dir,
      encoding: 'utf8',
    })
    assert.equal(status, 0, stderr)
  }
  const key = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
  openssl(`req -x509 ${key} -keyout ca.key -out ca.crt -days 1 -subj /CN=ca`)
  openssl(`req ${key} -keyout one.key -out one.csr -subj /CN=one`)
  writeFileSync(
    join(dir, 'extensions'),
    `subjectAltName=${subjectAltName}\nextendedKeyUsage=serverAuth,clientAuth\n`,
  )
  openssl(
    'x509 -req -in one.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out one.crt -days 1 -extfile extensions',
  )
  const read = (name: string) => readFileSync(join(dir, name), 'utf8')
  return {
    dir,
    paths: { ca: join(dir, 'ca.crt'), cert: join(dir, 'one.crt'), key: join(dir, 'one.key') },
    tls: { ca: read('ca.crt'), cert: read('one.crt'), key: read('one.key') },
  }
}

test('both sides show certificates, and each checks the other’s', async (t) => {
  const { dir, paths, tls } = certificates(t, 'IP:127.0.0.1,DNS:localhost')
  const etcd = await startEtcd(dir, paths)
  t.after(() => etcd.stop())
  const open = (endpoint: string, tls?: EtcdTls) =>
    openStore({ type: 'etcd', endpoints: [endpoint], tls, ...services })
  for (const endpoint of [etcd.endpoint, etcd.endpoint.replace('127.0.0.1', 'localhost')]) {
    await using store = await open(endpoint, tls)
    const ops = [{ type: 'put' as const, key: '/tls', value: ownText('x') }]
    assert.equal((await store.txn({ compare: [], ops })).succeeded, true)
  }
  await rejects(open(etcd.endpoint, { ca: tls.ca }), 'Unusable')
  await rejects(open(etcd.endpoint, { cert: tls.cert, key: tls.key }), 'Unusable')
})

test('a certificate for another address is not accepted', async (t) => {
  const { dir, paths, tls } = certificates(t, 'IP:10.0.0.1')
  const etcd = await startEtcd(dir, paths)
  t.after(() => etcd.stop())
  const opening = openStore({ type: 'etcd', endpoints: [etcd.endpoint], tls, ...services })
  await assert.rejects(opening, /does not match certificate/)
})
