import assert from 'node:assert/strict'
import { it } from 'node:test'
import { server } from './commands/server.ts'
import { parseArgs } from './flags.ts'
import { serverOptions } from './server-options.ts'

const read = (words: readonly string[]) =>
  serverOptions(parseArgs(server, ['--log-level', 'silent', '--data-dir', '/d', ...words]))

it('has the documented defaults', async () => {
  const options = await read([])
  assert.equal(options.dataDir, '/d')
  assert.deepEqual(options.bindAddresses, ['127.0.0.1'])
  assert.equal(options.advertiseAddress, undefined)
  assert.equal(options.apiPort, 6443)
  assert.deepEqual(options.store, { type: 'sqlite' })
  assert.deepEqual(options.serviceCidrs, ['10.43.0.0/16'])
  assert.deepEqual(options.nodePorts, { from: 30_000, to: 32_767 })
  assert.equal(options.clusterDomain, 'cluster.local')
  assert.equal(options.kubeconfig?.path, undefined)
})

it('reads each flag', async () => {
  const options = await read([
    '--bind-address=127.0.0.1',
    '--bind-address=192.0.2.1',
    '--advertise-address=192.0.2.9',
    '--api-port=0',
    '--store=etcd=http://a:2379,https://b:2379',
    '--no-kubeconfig',
    '--service-cidr=10.0.0.0/24,fd00::/108',
    '--service-node-port-range=1-2',
    '--cluster-domain=k8s.example',
    '--tls-san=a',
    '--tls-san=10.1.1.1',
  ])
  assert.deepEqual(options.bindAddresses, ['127.0.0.1', '192.0.2.1'])
  assert.equal(options.advertiseAddress, '192.0.2.9')
  assert.deepEqual(options.store, {
    type: 'etcd',
    endpoints: ['http://a:2379', 'https://b:2379'],
  })
  assert.equal(options.kubeconfig, undefined)
  assert.deepEqual(options.serviceCidrs, ['10.0.0.0/24', 'fd00::/108'])
  assert.deepEqual(options.nodePorts, { from: 1, to: 2 })
  assert.deepEqual(options.extraNames, ['a', '10.1.1.1'])
})

for (const [word, message] of [
  ['--bind-address=localhost', '--bind-address is an IP address, not "localhost"'],
  ['--advertise-address=host', '--advertise-address is an IP address, not "host"'],
  ['--advertise-address=::1', /is one that others reach, not "::1"/],
  ['--api-port=70000', '--api-port is a number from 0 to 65535, not "70000"'],
  ['--store=redis', '--store is sqlite, memory or etcd=URL[,URL], not "redis"'],
  ['--store=etcd=localhost', 'an endpoint of etcd is http(s)://HOST:PORT, not "localhost"'],
  ['--etcd-cafile=/x', '--etcd-cafile goes with --store etcd=URL only'],
  ['--service-cidr=10.0.0.0', /is an IP prefix such as 10.42.0.0\/16, not "10.0.0.0"/],
  ['--service-cidr=10.0.0.0/30', /is too small/],
  ['--service-cidr=10.0.0.0/16,10.1.0.0/16', /one of IPv4 and one of IPv6/],
  ['--service-node-port-range=2-1', /is FROM-TO within 1-65535/],
  ['--cluster-domain=a_b', '--cluster-domain is a DNS name, not "a_b"'],
] as const) {
  it(`refuses ${word}`, async () => {
    await assert.rejects(read([word]), { name: 'UsageError', message })
  })
}

it('refuses what excludes each other, and files that are not there', async () => {
  await assert.rejects(read(['--kubeconfig=/x', '--no-kubeconfig']), /exclude each other/)
  const etcd = '--store=etcd=http://a:1'
  await assert.rejects(read([etcd, '--etcd-cafile=/absent']), /--etcd-cafile: ENOENT/)
})
