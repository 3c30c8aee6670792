import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSettings, settingsData } from './cluster-settings.ts'

const settings = {
  clusterCidrs: ['10.42.0.0/16', 'fd42::/56'],
  serviceCidrs: ['10.43.0.0/16'],
  clusterDns: ['10.43.0.10'],
  clusterDomain: 'cluster.local',
}

test('settings are read as they were written', () => {
  assert.deepEqual(parseSettings(settingsData(settings)), settings)
})

test('what makes no sense is told with its key', () => {
  const data = settingsData(settings)
  for (const [key, value] of [
    ['clusterCIDR', '10.42.0.0'],
    ['serviceCIDR', ''],
    ['clusterDNS', 'dns'],
    ['clusterDomain', ''],
  ] as const) {
    assert.throws(() => parseSettings({ ...data, [key]: value }), {
      name: 'ClusterError',
      message: `ConfigMap kube-system/k8ts-cluster: ${key} has "${value}"`,
    })
  }
  assert.throws(() => parseSettings({}), /clusterCIDR has ""/)
})
