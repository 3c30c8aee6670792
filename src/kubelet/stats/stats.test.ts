import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cadvisorMetrics } from './cadvisor-metrics.ts'
import { CpuRates } from './cpu-rates.ts'
import { resourceMetrics } from './resource-metrics.ts'
import { parseInterfaces, type Measured, type NodeSample } from './sample.ts'
import { summary } from './summary.ts'

const usage: Measured = {
  cpuNs: 2_500_000_000,
  cpuNanoCores: 250_000_000,
  memoryBytes: 3000,
  workingSetBytes: 2000,
  rssBytes: 1500,
  pageFaults: 10,
  majorPageFaults: 1,
  memoryLimitBytes: 10_000,
  processes: 3,
}
const nothing = { usedBytes: 0, inodesUsed: 0 }

const sample: NodeSample = {
  atMs: 1_000_000,
  startedAtMs: 0,
  usage: { ...usage, memoryLimitBytes: undefined },
  memoryCapacityBytes: 100_000,
  network: [{ name: 'lan', rxBytes: 1, rxErrors: 0, txBytes: 2, txErrors: 0 }],
  disk: { availableBytes: 50, capacityBytes: 100, usedBytes: 50, inodesFree: 5, inodes: 10 },
  images: { usedBytes: 20, inodesUsed: 2 },
  processesMax: 32_768,
  processes: 99,
  pods: [
    {
      name: 'web',
      namespace: 'default',
      uid: 'u',
      startedAtMs: 500_000,
      cgroup: '/kubepods/podu',
      usage,
      network: [{ name: 'eth0', rxBytes: 7, rxErrors: 1, txBytes: 8, txErrors: 2 }],
      containers: [
        {
          id: 'c1',
          name: 'main',
          image: 'web:1',
          startedAtMs: 501_500,
          cgroup: '/kubepods/podu/c1',
          usage,
          layer: { usedBytes: 4, inodesUsed: 1 },
          logs: nothing,
        },
        {
          id: 'c2',
          name: 'going',
          image: 'web:1',
          startedAtMs: 502_000,
          cgroup: '/kubepods/podu/c2',
          usage: undefined,
          layer: nothing,
          logs: nothing,
        },
      ],
    },
  ],
}

test('links are read as the kernel lists them', () => {
  const text =
    'Inter-|   Receive                                                |  Transmit\n' +
    ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop\n' +
    '    lo: 100 1 0 0 0 0 0 0 100 1 0 0 0 0 0 0\n' +
    '  eth0: 500 5 3 0 0 0 0 0 600 6 4 0 0 0 0 0\n'
  assert.deepEqual(parseInterfaces(text), [
    { name: 'eth0', rxBytes: 500, rxErrors: 3, txBytes: 600, txErrors: 4 },
  ])
})

test('a rate is that of the time since the last look, if it was not just now', () => {
  const rates = new CpuRates()
  const look = (cpuNs: number, atMs: number) => {
    const rate = rates.rate('/a', cpuNs, atMs)
    rates.endRound()
    return rate
  }
  assert.equal(look(0, 0), undefined)
  assert.equal(look(1e9, 2_000), 500_000_000)
  assert.equal(look(5e9, 2_500), 500_000_000, 'too early to say')
  assert.equal(look(5e9, 4_000), 2_000_000_000)
  assert.equal(look(1e9, 6_000), 0, 'it was made anew')
  rates.endRound()
  assert.equal(look(2e9, 8_000), undefined, 'it was gone')
})

test('the summary has upstream’s form', () => {
  const { node, pods } = JSON.parse(JSON.stringify(summary('node-1', sample, false)))
  assert.deepEqual(node.memory, {
    time: '1970-01-01T00:16:40Z',
    availableBytes: 98_000,
    usageBytes: 3000,
    workingSetBytes: 2000,
    rssBytes: 1500,
    pageFaults: 10,
    majorPageFaults: 1,
  })
  assert.equal(node.runtime.imageFs.usedBytes, 20)
  assert.equal(node.network.name, 'lan')
  assert.deepEqual(node.rlimit, { time: '1970-01-01T00:16:40Z', maxpid: 32_768, curproc: 99 })
  const [pod] = pods
  assert.deepEqual(pod.podRef, { name: 'web', namespace: 'default', uid: 'u' })
  assert.deepEqual(pod.process_stats, { process_count: 3 })
  assert.equal(pod.network.interfaces[0].txErrors, 2)
  const [main, going] = pod.containers
  assert.deepEqual(main.cpu, {
    time: '1970-01-01T00:16:40Z',
    usageNanoCores: 250_000_000,
    usageCoreNanoSeconds: 2_500_000_000,
  })
  assert.equal(main.memory.availableBytes, 8000)
  assert.equal(main.rootfs.usedBytes, 4)
  assert.equal(going.cpu, undefined)
  const brief = JSON.parse(JSON.stringify(summary('node-1', sample, true)))
  assert.deepEqual(Object.keys(brief.node), ['nodeName', 'startTime', 'cpu', 'memory'])
  assert.equal(brief.pods[0].containers[0].rootfs, undefined)
})

test('metrics have upstream’s names and labels, and leave out what was not measured', () => {
  const resource = resourceMetrics(sample)
  for (const line of [
    'container_cpu_usage_seconds_total{container="main",namespace="default",pod="web"} 2.5 1000000',
    'container_start_time_seconds{container="main",namespace="default",pod="web"} 501.5 1000000',
    'node_memory_working_set_bytes 2000 1000000',
    'pod_cpu_usage_seconds_total{namespace="default",pod="web"} 2.5 1000000',
    'resource_scrape_error 0',
  ]) {
    assert.ok(resource.includes(`${line}\n`), `${line}\n${resource}`)
  }
  assert.ok(!/cpu_usage.*container="going"/.test(resource))
  const cadvisor = cadvisorMetrics(sample, 4)
  for (const line of [
    'container_cpu_usage_seconds_total{container="main",id="/kubepods/podu/c1",image="web:1",name="c1",namespace="default",pod="web",cpu="total"} 2.5 1000000',
    'container_network_receive_bytes_total{container="",id="/kubepods/podu",image="",name="",namespace="default",pod="web",interface="eth0"} 7 1000000',
    'container_spec_memory_limit_bytes{container="",id="/",image="",name="",namespace="",pod=""} 0 1000000',
    'machine_cpu_cores 4',
  ]) {
    assert.ok(cadvisor.includes(`${line}\n`), `${line}\n${cadvisor}`)
  }
})
