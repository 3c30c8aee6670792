import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { controller, controllers, type Controller } from '#controllers'
import { realClock, realRandom } from '#base'
import { memoryPki } from '#pki'
import { controllerOptions } from '../controller-options.ts'
import { ClusterError } from '../error.ts'
import { chooseControllers } from './controller-names.ts'

const named = (name: string): Controller =>
  controller({ name, account: undefined, setup: () => () => Promise.resolve() })
const here = [
  'deployment-controller',
  'replicaset-controller',
  'token-cleaner-controller',
  'ttl-controller',
].map(named)

describe('--controllers', () => {
  for (const [asked, chosen] of [
    ['*', 'deployment-controller replicaset-controller ttl-controller'],
    ['*,-ttl-controller', 'deployment-controller replicaset-controller'],
    ['-ttl,*', 'deployment-controller replicaset-controller'],
    [
      '*,tokencleaner',
      'deployment-controller replicaset-controller token-cleaner-controller ttl-controller',
    ],
    ['replicaset,deployment-controller', 'deployment-controller replicaset-controller'],
    ['-deployment', ''],
    ['deployment,-deployment', ''],
    // One that upstream has and this does not is easily left out.
    ['*,-cronjob-controller', 'deployment-controller replicaset-controller ttl-controller'],
    ['-nodeipam,ttl', 'ttl-controller'],
  ] as const) {
    it(`${asked} is ${chosen === '' ? 'none' : chosen}`, () => {
      const names = chooseControllers(here, asked.split(',')).map(({ name }) => name)
      assert.equal(names.join(' '), chosen)
    })
  }

  for (const [asked, message] of [
    ['*,deploy', /"deploy" is not in the list of known controllers: serviceaccount-token/],
    ['*,-deploy', /"deploy" is not in the list/],
    ['', /"" is not in the list/],
    ['selinux-warning-controller', /selinux-warning-controller is not part of k8ts yet$/],
    ['csrsigning', /signing-controller needs --cluster-signing-cert-file and/],
  ] as const) {
    it(`"${asked}" is refused`, () => {
      assert.throws(
        () => chooseControllers(here, asked.split(',')),
        (error) => error instanceof ClusterError && message.test(error.message),
      )
    })
  }

  it('knows every controller there is, by its present name', () => {
    const pki = memoryPki({
      clock: realClock,
      random: realRandom,
      hostName: 'here',
      serviceIps: ['10.43.0.1'],
    })
    const all = controllers(controllerOptions(pki, ['10.43.0.0/16'], ['10.42.0.0/16']))
    for (const each of all) assert.deepEqual(chooseControllers(all, [each.name]), [each])
  })
})
