import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { get } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { realClock } from '#base'
import { loadUp } from '#cluster'
import { realExec, realMounts } from '#linux'
import {
  apply,
  dataDir,
  directory,
  downCluster,
  image,
  inNode,
  k8ts,
  kubectl,
  output,
  until,
  upCluster,
} from './cluster.ts'

const nodes = [1, 2]

/** Answers with its version, and goes on for a moment when it is out of the endpoints already. */
const web = `apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80, targetPort: http }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 3
  strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } }
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 5
      containers:
      - name: main
        image: ${image}
        env: [{ name: VERSION, value: one }]
        command: [sh, -c, 'mkdir /www; echo $VERSION > /www/index.html; exec httpd -f -p 8080 -h /www']
        ports: [{ name: http, containerPort: 8080 }]
        readinessProbe: { httpGet: { port: http, path: / }, periodSeconds: 1 }
        lifecycle: { preStop: { sleep: { seconds: 1 } } }
`

before(async () => {
  await upCluster(`--nodes=${nodes.length}`)
  await apply(web)
  await kubectl('rollout', 'status', 'deployment/web', '--timeout=60s')
})

after(async () => {
  await k8ts('down', `--data-dir=${dataDir}`)
  await rm(directory, { recursive: true, force: true })
})

test('a rolling update under constant requests loses none of them, nor does its undoing', async () => {
  await using traffic = startTraffic()
  await until('answers of the first version', async () => traffic.answers('one') > 20)
  await kubectl('set', 'env', 'deployment/web', 'VERSION=two')
  await kubectl('rollout', 'status', 'deployment/web', '--timeout=60s')
  const ones = traffic.answers('one')
  await until('answers of the second version', async () => traffic.answers('two') > 20)
  assert.equal(traffic.answers('one'), ones, 'the first version answered after the rollout')
  assert.match(await kubectl('rollout', 'history', 'deployment/web'), /^1 .*\n2 /m)
  await kubectl('rollout', 'undo', 'deployment/web')
  await kubectl('rollout', 'status', 'deployment/web', '--timeout=60s')
  await until('answers of the first version again', async () => traffic.answers('one') > ones + 20)
  assert.deepEqual(traffic.failures, [])
})

test('an update that does not become ready leaves the old version serving', async () => {
  await kubectl('set', 'image', 'deployment/web', 'main=registry.invalid/absent:1')
  await until('a pod that waits', async () =>
    /ImagePullBackOff|ErrImagePull/.test(await kubectl('get', 'pods')),
  )
  assert.equal((await readyAddresses()).length, 3)
  await kubectl('rollout', 'undo', 'deployment/web')
  await kubectl('rollout', 'status', 'deployment/web', '--timeout=60s')
  await until('three pods', async () => (await podNames()).length === 3)
})

test('fifty pods come, on both nodes, and go, and nothing is left of them', async () => {
  const before = await traces()
  await kubectl('scale', 'deployment/web', '--replicas=50')
  await kubectl('rollout', 'status', 'deployment/web', '--timeout=120s')
  const many = await traces()
  const addresses = await readyAddresses()
  assert.equal(new Set(addresses).size, 50)
  assert.equal(many['pods'], 50)
  for (const [name, count] of Object.entries(before)) {
    assert.ok((many[name] ?? 0) >= count + 47, `${name}: ${count}, then ${many[name]}`)
  }
  const shares = nodes.map((node) => addresses.filter((ip) => ip.startsWith(`10.42.${node - 1}.`)))
  for (const share of shares) assert.ok(share.length > 10, `a node has ${share.length} pods`)
  await kubectl('scale', 'deployment/web', '--replicas=3')
  await until('three pods', async () => (await podNames()).length === 3)
  await until('what fifty pods had to be gone', async () => {
    const now = await traces()
    return Object.keys(before).every((name) => now[name] === before[name])
  }).catch(async (cause: unknown) => {
    const now = JSON.stringify(await traces())
    throw new Error(`before: ${JSON.stringify(before)}, now: ${now}`, { cause })
  })
})

test('down removes it all', downCluster)

/** How much of everything that pods have is on the machine, on both nodes together. */
async function traces(): Promise<Record<string, number>> {
  const { clusterId } = await loadUp()
  const mounts = await realMounts(realExec(realClock)).list()
  const found: Record<string, number> = {
    mounts: mounts.filter(({ target }) => target.startsWith(dataDir)).length,
    shims: (await output('ps', '-eo', 'args'))
      .split('\n')
      .filter((line) => line.includes(dataDir) && line.includes('containerd-shim')).length,
  }
  const add = (name: string, count: number) => (found[name] = (found[name] ?? 0) + count)
  add('pods', (await podNames()).length)
  for (const number of nodes) {
    const node = join(dataDir, 'nodes', `node-${number}`)
    const ctr = ['--address', join(node, 'containerd/containerd.sock'), '--namespace', 'k8s.io']
    const listed = async (what: string) =>
      (await output('ctr', ...ctr, what, 'list', '-q')).split('\n').length - 1
    add('containers', await listed('containers'))
    add('tasks', await listed('tasks'))
    add('snapshots', (await output('ctr', ...ctr, 'snapshots', 'list')).split('\n').length)
    add(
      'links',
      (await inNode(number, 'ip', '-o', 'link', 'show', 'type', 'veth')).out.split('\n').length,
    )
    add('addresses', addressFiles(join(node, 'addresses')).length)
    add('podDirectories', readdirSync(join(node, 'kubelet/pods')).length)
    add('logDirectories', readdirSync(join(node, 'kubelet/logs/pods')).length)
    for (const { target } of mounts.filter(({ type }) => type.startsWith('cgroup'))) {
      add('cgroups', cgroupsBelow(join(target, `k8ts-${clusterId(dataDir)}-node-${number}`)))
    }
  }
  return found
}

function addressFiles(directory: string): string[] {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' })
  return names.filter((name) => /\/\d+\.\d+\.\d+\.\d+$/.test(name))
}

function cgroupsBelow(directory: string): number {
  if (!existsSync(directory)) return 0
  const below = readdirSync(directory, { withFileTypes: true }).filter((each) => each.isDirectory())
  return below.reduce((sum, { name }) => sum + 1 + cgroupsBelow(join(directory, name)), 0)
}

async function podNames(): Promise<string[]> {
  const names = await kubectl('get', 'pods', '-o', 'name')
  return names.split('\n').filter((name) => name !== '')
}

/** Of the endpoints of Service web that are ready. */
async function readyAddresses(): Promise<string[]> {
  const selector = '-l=kubernetes.io/service-name=web'
  const slices = JSON.parse(await kubectl('get', 'endpointslices', selector, '-o', 'json'))
  const endpoints: { addresses: string[]; conditions: { ready: boolean } }[] = slices.items.flatMap(
    (slice: { endpoints?: unknown }) => slice.endpoints ?? [],
  )
  return endpoints
    .filter(({ conditions }) => conditions.ready)
    .flatMap(({ addresses }) => addresses)
}

interface Traffic extends AsyncDisposable {
  /** How many said that. */
  answers(text: string): number
  readonly failures: readonly string[]
}

/** Asks the endpoints that are ready in turn, over and over, until its disposal. */
function startTraffic(): Traffic {
  const answers = new Map<string, number>()
  const failures: string[] = []
  const ending = new AbortController()
  const { signal } = ending
  let addresses: readonly string[] = []
  const refresh = async () => {
    while (!signal.aborted) addresses = await readyAddresses()
  }
  const ask = async () => {
    for (let turn = 0; !signal.aborted; turn++) {
      const address = addresses[turn % addresses.length]
      if (address === undefined) {
        await realClock.sleep(10, signal).catch(() => {})
        continue
      }
      await answerOf(address).then(
        (text) => answers.set(text, (answers.get(text) ?? 0) + 1),
        (error: unknown) => failures.push(`${address}: ${String(error)}`),
      )
      await realClock.sleep(5, signal).catch(() => {})
    }
  }
  const running = Promise.all([refresh(), ask(), ask()])
  return {
    answers: (text) => answers.get(text) ?? 0,
    failures,
    async [Symbol.asyncDispose]() {
      ending.abort()
      await running
    },
  }
}

/** One request on a connection of its own. */
function answerOf(address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const where = { host: address, port: 8080, agent: false, timeout: 5_000 } as const
    const call = get(where, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (piece: string) => (text += piece))
      response.on('end', () => resolve(text.trim()))
      response.on('error', reject)
    })
    call.on('timeout', () => call.destroy(new Error('no answer in time')))
    call.on('error', reject)
  })
}
