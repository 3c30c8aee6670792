import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { loadUp } from '#cluster'
import {
  dataDir,
  directory,
  image,
  importBusyboxInto,
  newestKubectl,
  output,
  run,
  start,
  until,
  type Ended,
} from './cluster.ts'

/*
 * Machines, each a network namespace: a server, and three that become nodes with `k8ts agent`, one of
 * them on another segment behind a router, which is this namespace. Everything else of them is this
 * machine's, so their directories differ.
 */
const machines = { s: '192.0.2.11', a: '192.0.2.12', b: '192.0.2.13', c: '198.51.100.14' } as const
type Machine = keyof typeof machines
type Node = 'a' | 'b' | 'c'
const all = ['s', 'a', 'b', 'c'] as const
const nodes = ['a', 'b', 'c'] as const
/** By what a machine reaches the other segment. */
const segments = {
  near: { gateway: '192.0.2.1', other: '198.51.100.0/24' },
  away: { gateway: '198.51.100.1', other: '192.0.2.0/24' },
} as const
const command = resolve(import.meta.dirname, '../../bin/k8ts')
const url = `https://${machines.s}:6443`
const namespaceOf = (machine: Machine) => join(directory, `${machine}.net`)
const { clusterId } = await loadUp()

/** A process of a machine that runs in the foreground, and what it has said. */
interface Running {
  readonly child: ChildProcess
  said: string
  readonly ended: Promise<unknown>
}
const running = new Map<Machine, Running>()

before(async () => {
  mkdirSync(directory, { recursive: true })
  for (const [name, { gateway }] of Object.entries(segments)) {
    await output('ip', 'link', 'add', name, 'type', 'bridge')
    await output('ip', 'address', 'add', `${gateway}/24`, 'dev', name)
    await output('ip', 'link', 'set', 'dev', name, 'up')
  }
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1')
  for (const machine of all) {
    writeFileSync(namespaceOf(machine), '')
    await output('unshare', `--net=${namespaceOf(machine)}`, 'true')
    const peer = ['type', 'veth', 'peer', 'name', 'eth0', 'netns', namespaceOf(machine)]
    await output('ip', 'link', 'add', `to-${machine}`, ...peer)
    const segment = machine === 'c' ? 'away' : 'near'
    await output('ip', 'link', 'set', 'dev', `to-${machine}`, 'master', segment, 'up')
    await on(machine, 'ip', 'link', 'set', 'dev', 'lo', 'up')
    await on(machine, 'ip', 'address', 'add', `${machines[machine]}/24`, 'dev', 'eth0')
    await on(machine, 'ip', 'link', 'set', 'dev', 'eth0', 'up')
    const { gateway, other } = segments[segment]
    await on(machine, 'ip', 'route', 'add', other, 'via', gateway)
  }
  await startServer()
})

after(async () => {
  for (const machine of ['a', 'b'] as const)
    await k8tsOn(machine, 'agent', 'reset', ...place(machine))
  for (const machine of running.keys()) await end(machine, 'SIGTERM')
  for (const machine of all) await run('umount', [namespaceOf(machine)])
  await rm(directory, { recursive: true, force: true })
})

const nsenter = (machine: Machine, line: readonly string[]) => [
  `--net=${namespaceOf(machine)}`,
  '--',
  ...line,
]
const runOn = (machine: Machine, ...line: readonly string[]): Promise<Ended> =>
  run('nsenter', nsenter(machine, line))
/** Standard output of a program that succeeds. */
const on = (machine: Machine, ...line: readonly string[]) =>
  output('nsenter', ...nsenter(machine, line))
const k8tsOn = (machine: Machine, ...args: readonly string[]) => runOn(machine, command, ...args)
const kubectl = (...args: readonly string[]) => on('s', newestKubectl, ...args)
const place = (machine: Node) => [
  `--data-dir=${join(directory, machine)}`,
  `--cgroup-root=/k8ts-${clusterId(dataDir)}-${machine}`,
]

function startOn(machine: Machine, ...args: readonly string[]): Running {
  const child = start('nsenter', nsenter(machine, [command, ...args]))
  const process: Running = { child, said: '', ended: once(child, 'close') }
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (process.said += text))
  }
  running.set(machine, process)
  return process
}

async function end(machine: Machine, signal: NodeJS.Signals): Promise<void> {
  running.get(machine)?.child.kill(signal)
  await running.get(machine)?.ended
  running.delete(machine)
}

async function untilSaid(process: Running, what: string): Promise<void> {
  await until(`"${what}"`, async () => {
    if (process.child.exitCode !== null) throw new Error(`it ended: ${process.said}`)
    return process.said.includes(what)
  })
}

async function startServer(): Promise<void> {
  const server = startOn(
    's',
    'server',
    `--data-dir=${dataDir}`,
    '--bind-address=127.0.0.1',
    `--bind-address=${machines.s}`,
    `--kubeconfig=${join(directory, 'kubeconfig')}`,
    '--node-routes',
  )
  await untilSaid(server, 'k8ts: ready at')
}

const agentFlags = (machine: Node) => [
  ...place(machine),
  `--node-name=machine-${machine}`,
  `--node-label=rack=${machine}`,
  '--resolv-conf=/dev/null',
]
const startAgent = (machine: Node, ...flags: readonly string[]) =>
  startOn(machine, 'agent', ...agentFlags(machine), ...flags)
/** Of one that does not start. */
const refusalOf = async (machine: Node, ...flags: readonly string[]) => {
  const { code, err } = await k8tsOn(machine, 'agent', ...agentFlags(machine), ...flags)
  assert.equal(code, 1, err)
  return err
}

async function joinFlags(): Promise<string[]> {
  const { out } = await k8tsOn('s', 'token', 'create', `--data-dir=${dataDir}`, '--print-join')
  const words = out.trim().split(' ')
  assert.deepEqual(words.slice(0, 4), ['k8ts', 'agent', '--server', url])
  return words.slice(2)
}

test('who has no good token, or the token of another cluster, does not get in', async () => {
  const [, , , token = ''] = await joinFlags()
  const server = `--server=${url}`
  assert.match(
    await refusalOf('a', server),
    /holds no credentials of node machine-a: join with --token/,
  )
  const stale = token.replace(/.{4}$/, '0000')
  assert.match(
    await refusalOf('a', server, `--token=${stale}`),
    /does not accept the token: it is unknown there, or has expired/,
  )
  const [, pin = ''] = token.split('.')
  const other = token.replace(pin, '0'.repeat(64))
  assert.match(
    await refusalOf('a', server, `--token=${other}`),
    /is not of the cluster that the token is for: its CA has sha256:[0-9a-f]{64}, and not sha256:0{64}/,
  )
  assert.equal(
    await refusalOf('a', '--server=https://203.0.113.1:6443', `--token=${token}`),
    "k8ts: there is no way to 203.0.113.1: name this node's address with --node-ip\n",
  )
})

test('machines join by what token create prints, under the address that leads to the server', async () => {
  for (const machine of nodes) startAgent(machine, ...(await joinFlags()))
  for (const machine of nodes) {
    const agent = running.get(machine)
    assert.ok(agent)
    await untilSaid(agent, `k8ts: node machine-${machine} is ready`)
  }
  const columns = ['-o', 'wide', '--show-labels', '--no-headers']
  const listed = await kubectl('get', 'nodes', ...columns)
  assert.match(listed, /^machine-a +Ready .* 192\.0\.2\.12 .*rack=a/m)
  assert.match(listed, /^machine-b +Ready .* 192\.0\.2\.13 .*rack=b/m)
  assert.match(listed, /^machine-c +Ready .* 198\.51\.100\.14 .*rack=c/m)
})

test('a machine is one node', async () => {
  const flags = await joinFlags()
  assert.match(await refusalOf('a', ...flags), /is in use by another agent \(process \d+\)/)
  const other = [`--data-dir=${join(directory, 'other')}`, '--cgroup-root=/k8ts-test-other']
  const { err } = await k8tsOn('a', 'agent', ...flags, ...other, '--node-name=another')
  assert.match(err, /port 10250 of this machine is in use: a machine is one node/)
  // Nobody listens on the server.
  const taken = await k8tsOn('s', 'agent', ...flags, ...other, '--node-name=machine-a')
  assert.match(taken.err, /^k8ts: the cluster has a node machine-a, which is ready/)
})

const pod = (machine: Node) => `apiVersion: v1
kind: Pod
metadata: { name: on-${machine}, labels: { app: web } }
spec:
  nodeSelector: { rack: ${machine} }
  terminationGracePeriodSeconds: 1
  tolerations: [{ operator: Exists }]
  containers:
  - name: main
    image: ${image}
    command: [sh, -c, 'echo I am here; echo $HOSTNAME > /index.html; trap exit TERM; httpd -f -h / -p 8080 & wait']
    ports: [{ containerPort: 8080, hostPort: 8088 }]
    readinessProbe: { httpGet: { path: /, port: 8080 }, periodSeconds: 1 }
`
const service = `apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  type: NodePort
  selector: { app: web }
  ports: [{ port: 80, targetPort: 8080, nodePort: 30080 }]
`

const fetchOn = (machine: Machine, address: string) =>
  runOn(machine, 'timeout', '5', 'busybox', 'wget', '-qO-', `http://${address}/`)
const containers = () =>
  kubectl('get', 'pods', '-o', 'jsonpath={.items[*].status.containerStatuses[*].containerID}')

test('pods on different machines reach each other, and the API server all of them', async () => {
  await importBusyboxInto(nodes.map((machine) => join(directory, machine)))
  const manifest = join(directory, 'pods.yaml')
  writeFileSync(manifest, [...nodes.map(pod), service].join('---\n'))
  await kubectl('apply', '-f', manifest)
  await kubectl('wait', '--for=condition=Ready', 'pods', '--all', '--timeout=60s')
  for (const [from, to] of [
    ['a', 'b'],
    ['b', 'a'],
    ['a', 'c'],
    ['c', 'b'],
  ] as const) {
    const ip = await kubectl('get', 'pod', `on-${to}`, '-o', 'jsonpath={.status.podIP}')
    const get = async (address: string) =>
      kubectl('exec', `on-${from}`, '--', 'wget', '-qO-', `http://${address}/`)
    assert.equal(await get(`${ip}:8080`), `on-${to}\n`)
    assert.match(await get('web.default.svc.cluster.local'), /^on-[abc]\n$/)
    assert.equal((await fetchOn('s', `${machines[to]}:8088`)).out, `on-${to}\n`)
    assert.match((await fetchOn('s', `${machines[to]}:30080`)).out, /^on-[abc]\n$/)
    assert.equal(await kubectl('logs', `on-${to}`), 'I am here\n')
  }
  const path = '/api/v1/namespaces/default/pods/on-b:8080/proxy/'
  assert.equal(await kubectl('get', '--raw', path), 'on-b\n')
})

test('nodes on one segment have routes, others a tunnel, which large packets pass, too', async () => {
  const cidrOf = (machine: Node) =>
    kubectl('get', 'node', `machine-${machine}`, '-o', 'jsonpath={.spec.podCIDR}')
  const routes = await on('a', 'ip', 'route')
  const lines = routes.split('\n')
  const near = `${await cidrOf('b')} via ${machines.b} dev eth0 `
  assert.ok(
    lines.some((line) => line.startsWith(near)),
    routes,
  )
  const cidr = await cidrOf('c')
  const away = `${cidr} via ${cidr.replace('/24', '')} dev k8ts-vxlan `
  assert.ok(
    lines.some((line) => line.startsWith(away)),
    routes,
  )
  const bytes = 300_000
  await kubectl('exec', 'on-c', '--', 'sh', '-c', `head -c ${bytes} /dev/zero > /zeros`)
  const ip = await kubectl('get', 'pod', 'on-c', '-o', 'jsonpath={.status.podIP}')
  const fetch = `wget -qO- http://${ip}:8080/zeros | wc -c`
  assert.equal((await kubectl('exec', 'on-a', '--', 'sh', '-c', fetch)).trim(), String(bytes))
  assert.equal((await fetchOn('a', `${ip}:8080`)).out, 'on-c\n')
})

test('an agent that is told to end leaves its pods; the next one needs no token and takes them over', async () => {
  const former = await containers()
  await end('a', 'SIGTERM')
  assert.equal((await fetchOn('b', `${machines.a}:8088`)).out, 'on-a\n')
  await untilSaid(startAgent('a', `--server=${url}`), 'k8ts: node machine-a is ready')
  await kubectl('wait', '--for=condition=Ready', 'nodes', '--all', '--timeout=30s')
  assert.equal(await containers(), former)
  assert.equal(await kubectl('exec', 'on-a', '--', 'hostname'), 'on-a\n')
})

test('an agent starts while the server is away, and waits for it', async () => {
  const former = await containers()
  await end('s', 'SIGKILL')
  await end('a', 'SIGTERM')
  const agent = startAgent('a', `--server=${url}`)
  await untilSaid(agent, 'the node starts with the settings that it had')
  assert.equal((await fetchOn('b', `${machines.a}:8088`)).out, 'on-a\n')
  await startServer()
  await untilSaid(agent, 'k8ts: node machine-a is ready')
  assert.equal(await containers(), former)
  await kubectl('delete', 'pod', 'on-a', '--timeout=60s')
})

test('reset makes a machine no node any more, and leaves nothing', async () => {
  for (const machine of nodes) {
    // One of them is told to end by it, the other one was killed.
    if (machine === 'b') await end('b', 'SIGKILL')
    const { out, err } = await k8tsOn(machine, 'agent', 'reset', ...place(machine))
    assert.equal(out, 'removed\n', err)
    await end(machine, 'SIGTERM')
    assert.equal(existsSync(join(directory, machine)), false)
    assert.deepEqual(rulesIn(await on(machine, 'nft', 'list', 'ruleset')), [])
    const routes = await on(machine, 'ip', '-4', 'route')
    assert.equal(routes.match(/^(192\.0\.2|198\.51\.100)\.0\/24 /gm)?.length, 2, routes)
    assert.doesNotMatch(await on(machine, 'ip', 'address'), /10\.4[23]\./)
    const links = (await on(machine, 'ip', '-o', 'link')).match(/^\d+: [^:@]+/gm)
    assert.deepEqual(
      links?.map((line) => line.replace(/^\d+: /, '')),
      ['lo', 'eth0'],
    )
    const again = await k8tsOn(machine, 'agent', 'reset', ...place(machine))
    assert.match(again.out, /^there is no node in /)
  }
  // Who deletes them knows that the machines will not come back.
  const left = (await kubectl('get', 'nodes', '-o', 'name')).trim().split('\n').sort()
  assert.deepEqual(left, ['node/machine-a', 'node/machine-b', 'node/machine-c'])
})

/** iptables leaves tables and chains of its own; nothing is in them. */
function rulesIn(ruleset: string): string[] {
  return ruleset.split('\n').filter((line) => !/^\s*(table .*|chain .*|type .*|\})?$/.test(line))
}
