import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { realClock, realRandom, silentLog } from '#base'
import { loadUp } from '#cluster'
import { CriRuntime } from '#kubelet'
import { findProcesses, realCgroups, realExec, realMounts, signalProcess } from '#linux'
import { shopDirectory } from '../shop/manifest.ts'
import {
  apply,
  dataDir,
  directory,
  downCluster,
  image,
  importBusybox,
  inNode,
  k8ts,
  kubectl,
  output,
  packImages,
  run,
  until,
  upShortened,
} from './cluster.ts'
import { constantRequests, request } from './requests.ts'

/*
 * What fails, and how the cluster gets over it. Nodes are counted as lost after three seconds where a
 * test is about that; users ask node-1, so node-2 is the one that dies.
 */
const agentFlags = ['--node-lease-duration-seconds=4']
const patient = { nodes: 2, isolated: true, agentFlags }
const impatient = {
  ...patient,
  serverFlags: ['--node-monitor-period=500ms', '--node-monitor-grace-period=3s'],
}
const webs = ['deployment/web-node-1', 'deployment/web-node-2']
const web = 'http://100.64.10.11:30090/'
const shop = 'http://100.64.10.11:30080/'
const mounts = realMounts(realExec(realClock))

before(async () => {
  await upShortened(patient)
  await importBusybox()
  await packImages(join(shopDirectory, 'images/images.yaml'))
  await kubectl('apply', '-f', join(shopDirectory, 'shop.yaml'))
  await apply(objects)
  for (const each of [...webs, 'deployment/shop-front', 'deployment/shop-back']) {
    await kubectl('rollout', 'status', each, '--timeout=60s')
  }
  await kubectl('rollout', 'status', 'daemonset/each', '--timeout=60s')
})

after(async () => {
  await downCluster()
  await rm(directory, { recursive: true, force: true })
})

const httpd = (port: number, more: string) => `
      terminationGracePeriodSeconds: 5
      containers:
      - name: main
        image: ${image}
        command: [sh, -c, 'echo $HOSTNAME > /index.html; trap exit TERM; httpd -f -h / -p ${port} & wait']
        ports: [{ name: http, containerPort: ${port}, ${more} }]
        readinessProbe: { httpGet: { path: /, port: http }, periodSeconds: 1, timeoutSeconds: 5 }
        lifecycle: { preStop: { sleep: { seconds: 2 } } }`

/** Half of the pods are to be on each node, and on another one where that is not to be had. */
const webOn = (node: string) => `apiVersion: apps/v1
kind: Deployment
metadata: { name: web-${node} }
spec:
  replicas: 2
  selector: { matchLabels: { app: web, home: ${node} } }
  strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } }
  template:
    metadata: { labels: { app: web, home: ${node} } }
    spec:
      tolerations:
      - { key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 1 }
      - { key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: 1 }
      affinity:
        nodeAffinity:
          preferredDuringSchedulingIgnoredDuringExecution:
          - weight: 100
            preference:
              matchExpressions: [{ key: kubernetes.io/hostname, operator: In, values: [${node}] }]${httpd(8080, 'protocol: TCP')}
`

const objects = `${webOn('node-1')}---
${webOn('node-2')}---
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  type: NodePort
  selector: { app: web }
  ports: [{ port: 80, targetPort: http, nodePort: 30090 }]
---
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: each }
spec:
  selector: { matchLabels: { app: each } }
  template:
    metadata: { labels: { app: each } }
    spec:
      hostNetwork: true${httpd(8099, 'hostPort: 8099')}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: port }
spec:
  selector: { matchLabels: { app: port } }
  template:
    metadata: { labels: { app: port } }
    spec:${httpd(8080, 'hostPort: 8098')}
`

interface FoundPod {
  readonly name: string
  readonly uid: string
  readonly ip: string
  readonly node: string
  readonly container: string
  readonly restarts: string
  /** Since when it is ready, or is not. */
  readonly since: string
}

const fields = '{.metadata.name},{.metadata.uid},{.status.podIP},{.spec.nodeName}'
const since = '{.status.conditions[?(@.type=="Ready")].lastTransitionTime}'
const status =
  '{.status.containerStatuses[0].containerID},{.status.containerStatuses[0].restartCount}'

/** Pods of the namespace that are not on their way out. */
async function pods(app?: string): Promise<FoundPod[]> {
  const template = `{range .items[*]}${fields},${status},${since},{.metadata.deletionTimestamp}{"\\n"}{end}`
  const selector = app === undefined ? [] : [`--selector=app=${app}`]
  const lines = (await kubectl('get', 'pods', ...selector, '-o', `jsonpath=${template}`)).trim()
  return lines.split('\n').flatMap((line) => {
    const [
      name = '',
      uid = '',
      ip = '',
      node = '',
      container = '',
      restarts = '',
      since = '',
      gone,
    ] = line.split(',')
    return gone === '' ? [{ name, uid, ip, node, container, restarts, since }] : []
  })
}

const containers = async () =>
  new Map((await pods()).map(({ name, container }) => [name, container]))
const pidOf = (file: string): number => JSON.parse(readFileSync(join(dataDir, file), 'utf8')).pid
const agentOf = (node: string) => pidOf(`nodes/${node}/agent.json`)
const containerdsOf = (node: string) => {
  const place = join(dataDir, 'nodes', node, 'containerd')
  return findProcesses((words) => words.includes(join(place, 'config.toml')))
}
const condition = (node: string, field: string) =>
  kubectl('get', 'node', node, '-o', `jsonpath={.status.conditions[?(@.type=="Ready")].${field}}`)
const taints = async (node: string) =>
  (
    await kubectl(
      'get',
      'node',
      node,
      '-o',
      'jsonpath={range .spec.taints[*]}{.key}:{.effect} {end}',
    )
  )
    .trim()
    .split(' ')
    .filter((each) => each !== '')
    .sort()
const untilReady = (node: string) =>
  until(`${node} to be ready`, async () => (await condition(node, 'status')) === 'True')

async function untilRolledOut(): Promise<void> {
  for (const each of webs) await kubectl('rollout', 'status', each, '--timeout=60s')
}

async function losingNone(url: string, work: () => Promise<void>): Promise<void> {
  const requests = constantRequests(url)
  try {
    await work()
  } finally {
    await requests.stop()
  }
  assert.deepEqual(requests.failures, [])
  assert.ok(requests.answered > 0)
}

test('a DaemonSet has a pod on each node, on its network or by a port of it', async () => {
  for (const [app, port] of [
    ['each', 8099],
    ['port', 8098],
  ] as const) {
    await kubectl('rollout', 'status', `daemonset/${app}`, '--timeout=60s')
    const all = await pods(app)
    assert.deepEqual(all.map(({ node }) => node).sort(), ['node-1', 'node-2'])
    for (const { name, node } of all) {
      const address = node === 'node-1' ? '100.64.10.11' : '100.64.10.12'
      // A pod on the node's network has the node's name.
      const answer = await request(`http://${address}:${port}/`)
      if (app === 'port') assert.equal(answer, `${name}\n`)
    }
  }
})

test('a rolling update and its rollback lose no request', async () => {
  const version = async () => /Version (\d)/.exec(await request(shop))?.[1]
  assert.equal(await version(), '1')
  await losingNone(shop, async () => {
    await kubectl('set', 'image', 'deployment/shop-front', 'front=docker.io/k8ts/shop-front:2')
    await kubectl('rollout', 'status', 'deployment/shop-front', '--timeout=60s')
    await until('the new version', async () => (await version()) === '2')
    await kubectl('rollout', 'undo', 'deployment/shop-front')
    await kubectl('rollout', 'status', 'deployment/shop-front', '--timeout=60s')
  })
  await until('the old version', async () => (await version()) === '1')
})

test('a node is drained, and no request is lost', async () => {
  await losingNone(web, async () => {
    const flags = ['--ignore-daemonsets', '--delete-emptydir-data', '--timeout=60s']
    await kubectl('drain', 'node-2', ...flags)
    await untilRolledOut()
  })
  assert.deepEqual(new Set((await pods('web')).map(({ node }) => node)), new Set(['node-1']))
  await kubectl('uncordon', 'node-2')
  await kubectl('rollout', 'restart', ...webs)
  await untilRolledOut()
  assert.equal((await pods('web')).filter(({ node }) => node === 'node-2').length, 2)
})

test('agents and containerd end and are started again; pods and requests do not notice', async () => {
  await until('the shop to be at rest', async () => (await pods()).length === 13)
  const former = await containers()
  const readySince = async () =>
    new Map((await pods()).map(({ name, since }): [string, string] => [name, since]))
  const ready = await readySince()
  await losingNone(web, async () => {
    for (const node of ['node-1', 'node-2']) {
      for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
        const pid = agentOf(node)
        signalProcess(pid, signal)
        await until(
          'the agent to end',
          async () => (await findProcesses(agentWords(node))).length === 0,
        )
        if (node === 'node-2' && signal === 'SIGKILL') await testNames()
        await upShortened(patient)
      }
      const [containerd = 0] = await containerdsOf(node)
      signalProcess(containerd, 'SIGKILL')
      await until('another containerd', async () => {
        const [pid] = await containerdsOf(node)
        return pid !== undefined && pid !== containerd
      })
      await untilReady(node)
    }
  })
  assert.deepEqual(await containers(), former)
  assert.deepEqual(await readySince(), ready)
})

const agentWords = (node: string) => (words: readonly string[]) =>
  words.includes('agent') && words.includes(`--data-dir=${join(dataDir, 'nodes', node)}`)

/** While its node has no agent, and so no DNS, a pod finds names by the DNS of another one. */
async function testNames(): Promise<void> {
  const [pod] = (await pods('web')).filter(({ node }) => node === 'node-2')
  assert.ok(pod)
  const address = await kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}')
  const pid = await output(
    'ctr',
    `--address=${join(dataDir, 'nodes/node-2/containerd/containerd.sock')}`,
    '--namespace=k8s.io',
    'task',
    'ps',
    pod.container.replace('containerd://', ''),
  )
  const name = 'web.default.svc.cluster.local'
  const inPod = ['--net', `--target=${/^\d+/m.exec(pid)?.[0] ?? ''}`, '--']
  const found = await output(
    'nsenter',
    ...inPod,
    'busybox',
    'nslookup',
    '-type=a',
    name,
    '10.43.0.10',
  )
  assert.match(found, new RegExp(`Address: ${address}\\n`))
}

test('a control plane that is killed in a rollout goes on with it', async () => {
  const steady = await containers()
  for (const { name } of await pods('web')) steady.delete(name)
  await losingNone(web, async () => {
    await kubectl('rollout', 'restart', ...webs)
    await until('a new pod', async () => (await pods('web')).length > 4)
    signalProcess(pidOf('server.json'), 'SIGKILL')
    await until('the server to end', async () => (await run('kubectl', ['get', 'ns'])).code !== 0)
    await upShortened(impatient)
    await untilRolledOut()
    await until('the old pods to be gone', async () => (await pods('web')).length === 4)
  })
  const all = await pods('web')
  assert.deepEqual(
    all.map(({ restarts }) => restarts),
    ['0', '0', '0', '0'],
  )
  const now = await containers()
  for (const { name } of all) now.delete(name)
  assert.deepEqual(now, steady)
  // Their kubelets tell it when they reach the server again.
  for (const { name } of all) {
    await until(`events of ${name}`, async () => {
      const flag = `--field-selector=involvedObject.name=${name}`
      return (await kubectl('get', 'events', flag)).includes('Started')
    })
  }
})

for (const [what, end] of [
  ['an agent that is killed', endAgent],
  ['a node that dies with all that runs on it', endNode],
] as const) {
  test(`${what} is noticed: others take over its pods, and it comes back clean`, async () => {
    const before = await pods()
    const lost = before.filter(({ node }) => node === 'node-2')
    assert.equal(lost.filter(({ name }) => name.startsWith('web-')).length, 2)
    await end()
    await until(
      'the node to be not ready',
      async () => (await condition('node-2', 'status')) === 'Unknown',
    )
    assert.equal(await condition('node-2', 'reason'), 'NodeStatusUnknown')
    assert.equal(await condition('node-2', 'message'), 'Kubelet stopped posting node status.')
    await until('taints', async () => (await taints('node-2')).length === 2)
    assert.deepEqual(await taints('node-2'), [
      'node.kubernetes.io/unreachable:NoExecute',
      'node.kubernetes.io/unreachable:NoSchedule',
    ])
    await until('its endpoints to leave', async () => {
      const left = new Set(lost.map(({ ip }) => ip))
      return (await readyAddresses('web')).every((ip) => !left.has(ip))
    })
    await until('the other node to know', async () => {
      const { out } = await inNode(1, 'nft', 'list', 'table', 'ip', 'kube-proxy')
      return lost.every(({ name, ip }) => !name.startsWith('web-') || !out.includes(ip))
    })
    await losingNone(web, async () => {
      await until('the pods to be replaced', async () => {
        const all = await pods('web')
        return all.length === 4 && all.every(({ node }) => node === 'node-1')
      })
      await untilRolledOut()
      // Nobody on the node says that they have ended.
      const gone = await kubectl('get', 'pods', '--selector=app=web', '--no-headers')
      assert.equal(gone.match(/Terminating/g)?.length, 2, gone)
      await upShortened(impatient)
      await untilReady('node-2')
      await until('the taints to go', async () => (await taints('node-2')).length === 0)
      await until('the pods that were replaced to be gone', async () => {
        const out = await kubectl('get', 'pods', '--no-headers')
        return !out.includes('Terminating')
      })
      await kubectl('rollout', 'status', 'daemonset/each', '--timeout=60s')
    })
    await until('nothing to be left of them on the node', async () => {
      const here = (await pods()).filter(({ node }) => node === 'node-2')
      const left = await leftOf(lost.filter(({ uid }) => !here.some((pod) => pod.uid === uid)))
      return left.length === 0
    })
    // Its other pods are the same ones; where they were killed, in other containers.
    const after = (await pods()).filter(({ node }) => node === 'node-2')
    for (const pod of after.filter(({ name }) => /^(each|port)-/.test(name))) {
      const former = lost.find(({ uid }) => uid === pod.uid)
      assert.ok(former, pod.name)
      assert.equal(pod.container === former.container, end === endAgent)
      assert.equal(
        pod.restarts,
        end === endAgent ? former.restarts : String(Number(former.restarts) + 1),
      )
    }
    await kubectl('rollout', 'restart', ...webs)
    await untilRolledOut()
  })
}

async function endAgent(): Promise<void> {
  signalProcess(agentOf('node-2'), 'SIGKILL')
}

/** As when the power fails, but for what is in the kernel. */
async function endNode(): Promise<void> {
  await endAgent()
  const place = join(dataDir, 'nodes/node-2/containerd')
  const words = [join(place, 'config.toml'), join(place, 'containerd.sock')]
  for (const pid of await findProcesses((all) => words.some((word) => all.includes(word)))) {
    signalProcess(pid, 'SIGKILL')
  }
  const { clusterId } = await loadUp()
  const cgroups = realCgroups(await mounts.list())
  for (const pid of await cgroups.processes(`/k8ts-${clusterId(dataDir)}-node-2`)) {
    signalProcess(pid, 'SIGKILL')
  }
  await inNode(2, 'ip', 'link', 'set', 'dev', 'eth0', 'down')
}

async function readyAddresses(service: string): Promise<string[]> {
  const ready = '{range .items[*].endpoints[?(@.conditions.ready==true)]}{.addresses[0]} {end}'
  const selector = `--selector=kubernetes.io/service-name=${service}`
  const text = await kubectl('get', 'endpointslices', selector, '-o', `jsonpath=${ready}`)
  return text.split(' ').filter((each) => each !== '')
}

/** What node-2 still has of pods: sandboxes, mounts, cgroups, volumes, addresses. */
async function leftOf(lost: readonly FoundPod[]): Promise<string[]> {
  const node = join(dataDir, 'nodes/node-2')
  const services = { clock: realClock, random: realRandom, log: silentLog }
  using runtime = new CriRuntime({ ...services, address: join(node, 'containerd/containerd.sock') })
  const sandboxes = (await runtime.sandboxes()).map(({ podUid }) => podUid)
  const all = await mounts.list()
  const groups = await Promise.all(
    all
      .filter(({ type }) => type.startsWith('cgroup'))
      .map(({ target }) => readdir(target, { recursive: true })),
  )
  const names = [
    ...sandboxes,
    ...all.map(({ target }) => target),
    ...groups.flat(),
    ...(await readdir(join(node, 'kubelet/pods'))),
  ]
  const addresses = await readdir(join(node, 'addresses/k8ts'))
  return lost.flatMap(({ uid, ip }) => [
    ...names.filter((name) => name.includes(uid)),
    ...addresses.filter((address) => address === ip),
  ])
}

const nobody = { uid: '' }

test('a node that is deleted is not made again by its agent, but by the next one', async () => {
  const [{ uid: former } = nobody] = (await pods('each')).filter(({ node }) => node === 'node-2')
  await kubectl('delete', 'node', 'node-2')
  await until('the agent to notice', async () => {
    const { out } = await k8ts('logs', 'node-2', `--data-dir=${dataDir}`)
    return out.includes('the node was deleted from the cluster')
  })
  assert.equal(await kubectl('get', 'nodes', '-o', 'name'), 'node/node-1\n')
  const pid = agentOf('node-2')
  signalProcess(pid, 'SIGTERM')
  await until(
    'the agent to end',
    async () => (await findProcesses(agentWords('node-2'))).length === 0,
  )
  await upShortened(impatient)
  await untilReady('node-2')
  await kubectl('rollout', 'status', 'daemonset/each', '--timeout=60s')
  const [{ uid: now } = nobody] = (await pods('each')).filter(({ node }) => node === 'node-2')
  // The Node came back before anybody had missed it for long.
  assert.equal(now, former)
})
