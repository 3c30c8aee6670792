import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resolverFlags } from './node-resolvers.ts'

const reads = (files: Readonly<Record<string, string>>) => async (path: string) => files[path] ?? ''

test('resolvers elsewhere are the nodes’, too', async () => {
  assert.deepEqual(await resolverFlags(reads({ '/etc/resolv.conf': 'nameserver 192.0.2.1\n' })), [])
  assert.deepEqual(await resolverFlags(reads({})), [])
})

test('a resolver on loopback is stood in for, and those behind it are asked', async () => {
  const stub = { '/etc/resolv.conf': 'nameserver 127.0.0.53\noptions edns0\n' }
  assert.deepEqual(await resolverFlags(reads(stub)), [
    '--dns-address=127.0.0.53',
    '--resolv-conf=/etc/resolv.conf',
  ])
  const six = { '/etc/resolv.conf': 'nameserver ::1\n' }
  assert.deepEqual(await resolverFlags(reads(six)), [
    '--dns-address=::1',
    '--resolv-conf=/etc/resolv.conf',
  ])
  const behind = { '/run/systemd/resolve/resolv.conf': 'nameserver 192.0.2.1\n' }
  assert.deepEqual(await resolverFlags(reads({ ...stub, ...behind })), [
    '--dns-address=127.0.0.53',
    '--resolv-conf=/run/systemd/resolve/resolv.conf',
  ])
})
