import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Service } from '#api'
import { poll, realClock } from '#base'
import { ipIn, realExec } from '#linux'
import { startTestDns } from './dns-under-test.ts'

const directory = process.env['K8TS_TEST_DIRECTORY'] ?? ''
const exec = realExec(realClock)
const run = async (command: string, ...args: readonly string[]) =>
  (await exec.run(command, args)).stdout

const address = '10.43.0.10'
const resolvConf = join(directory, 'resolv.conf')
writeFileSync(
  resolvConf,
  'search default.svc.cluster.local svc.cluster.local cluster.local\n' +
    `nameserver ${address}\noptions ndots:5\n`,
)
await run('mount', '--bind', resolvConf, '/etc/resolv.conf')
await ipIn(exec).up('lo')
await ipIn(exec).addAddress('lo', `${address}/32`)

await using under = await startTestDns({ addresses: [address], port: 53 })
const services = under.cluster.client.resource(Service)
await services.namespace('default').create({
  metadata: { name: 'web' },
  spec: { selector: { app: 'web' }, clusterIP: '10.43.7.7', ports: [{ name: 'http', port: 80 }] },
})
const resolve = (name: string) => run('getent', '-s', 'dns', 'ahostsv4', name)
const limits = { clock: realClock, intervalMs: 10, timeoutMs: 10_000, what: 'the name' }
await poll(limits, () =>
  resolve('web').then(
    () => true,
    () => false,
  ),
)
for (const name of ['web', 'web.default', 'web.default.svc', 'web.default.svc.cluster.local.']) {
  assert.match(await resolve(name), /^10\.43\.7\.7\s/, name)
}
assert.match(
  await run('getent', '-s', 'dns', 'hosts', '10.43.7.7'),
  /web\.default\.svc\.cluster\.local/,
)
await assert.rejects(resolve('nothing'))
const found = await run('busybox', 'nslookup', 'web.default.svc.cluster.local', address)
assert.match(found, /Address(?: 1)?: *10\.43\.7\.7/)
