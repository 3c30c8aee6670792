import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testPod } from '../testing/objects.ts'
import { rejectionOf } from './node-admission.ts'

const allocatable = { cpu: '2', memory: '1Gi', pods: '3' }
const asks = (cpu: string, ports: readonly object[] = []) => ({
  containers: [{ name: 'main', image: 'web', ports, resources: { requests: { cpu } } }],
})
const port = (hostPort: number, more: object = {}) => ({ containerPort: 80, hostPort, ...more })
const sysctl = (name: string, more: object = {}) => ({
  ...more,
  securityContext: { sysctls: [{ name, value: '1' }] },
})

test('a node takes what it has room for, and says why it does not take the rest', () => {
  const others = [
    testPod('a', { spec: asks('1500m', [port(8080), port(53, { protocol: 'UDP' })]) }),
  ]
  const busy =
    "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports"
  const table: readonly [object, string, string][] = [
    [asks('500m'), '', ''],
    [
      asks('501m'),
      'OutOfcpu',
      "Node didn't have enough resource: cpu, requested: 501, used: 1500, capacity: 2000",
    ],
    [asks('0', [port(8080)]), 'NodePorts', busy],
    [asks('0', [port(8080, { hostIP: '192.0.2.1' })]), 'NodePorts', busy],
    [asks('0', [port(53)]), '', ''],
    [sysctl('kernel.shm_rmid_forced'), '', ''],
    [sysctl('net/ipv4/tcp_syncookies'), '', ''],
    [
      sysctl('kernel.msgmax'),
      'SysctlForbidden',
      'forbidden sysctl: "kernel.msgmax" not allowlisted',
    ],
    [
      sysctl('net.ipv4.tcp_syncookies', { hostNetwork: true }),
      'SysctlForbidden',
      'forbidden sysctl: "net.ipv4.tcp_syncookies" not allowed with host net enabled',
    ],
  ]
  for (const [spec, reason, message] of table) {
    const found = rejectionOf(testPod('new', { spec }), { allocatable, pods: others })
    assert.equal(found?.reason ?? '', reason)
    assert.equal(found?.message ?? '', message === '' ? '' : `Pod was rejected: ${message}`)
  }
})

test('a node takes no more pods than it may have', () => {
  const pods = ['a', 'b', 'c'].map((name) => testPod(name))
  const found = rejectionOf(testPod('new'), { allocatable, pods })
  assert.equal(found?.reason, 'OutOfpods')
})
