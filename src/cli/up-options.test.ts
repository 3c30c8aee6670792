import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { up } from './commands/up.ts'
import { parseArgs, UsageError } from './flags.ts'
import { kubeconfigOf, upSettings } from './up-options.ts'

const read = (...words: string[]) => upSettings(parseArgs(up, words))

describe('the settings of k8ts up', () => {
  it('are those that are asked for, and no others', () => {
    assert.deepEqual(
      Object.values(read()).filter((value) => value !== undefined),
      [],
    )
    const settings = read(
      '--nodes=3',
      '--api-port=0',
      '--node-cidr=100.70.0.0/24',
      '--cluster-cidr=10.52.0.0/16',
      '--publish=8080:30080',
      '--publish=[::1]:8081:30081',
      '--publish=192.0.2.1:8082:30082',
      '--isolated',
    )
    assert.deepEqual(
      [settings.nodes, settings.apiPort, settings.nodeCidr, settings.clusterCidrs],
      [3, 0, '100.70.0.0/24', ['10.52.0.0/16']],
    )
    assert.equal(settings.isolated, true)
    assert.deepEqual(settings.publish, [
      { host: '127.0.0.1', port: 8080, nodePort: 30_080 },
      { host: '::1', port: 8081, nodePort: 30_081 },
      { host: '192.0.2.1', port: 8082, nodePort: 30_082 },
    ])
  })

  for (const [word, message] of [
    ['--nodes=many', /--nodes is a number from 0 to 1000, not "many"/],
    ['--node-cidr=100.64.10.1', /--node-cidr is an IPv4 prefix such as 100\.64\.10\.0\/24/],
    ['--node-cidr=fd00::/64', /--node-cidr is an IPv4 prefix/],
    ['--cluster-cidr=10.42.0.0/25', /--cluster-cidr 10\.42\.0\.0\/25 is too small/],
    ['--publish=8080', /--publish is \[IP:\]PORT:NODEPORT such as 8080:30080, not "8080"/],
    ['--publish=host:1:2', /--publish is/],
    ['--publish=0:30080', /--publish is/],
    ['--publish=8080:70000', /--publish is/],
  ] as const) {
    it(`refuse ${word}`, () => {
      assert.throws(
        () => read(word),
        (error) => error instanceof UsageError && message.test(error.message),
      )
    })
  }

  it('name one kubeconfig, or none', () => {
    const of = (...words: string[]) => kubeconfigOf(parseArgs(up, words))
    assert.equal(of('--kubeconfig=f')?.path, 'f')
    assert.equal(of('--no-kubeconfig'), undefined)
    assert.throws(() => of('--kubeconfig=f', '--no-kubeconfig'), UsageError)
  })
})
