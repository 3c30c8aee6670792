import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { realClock } from '#base'
import { loadUp } from '#cluster'
import { findProcesses, realCgroups, realExec, realMounts } from '#linux'
import {
  apply,
  dataDir,
  directory,
  downCluster,
  image,
  k8ts,
  kubectl,
  newestKubectl,
  run,
  start,
  until,
  upCluster,
} from './cluster.ts'

/** Writes a line every tenth of a second, and ends when it is asked to. */
const counts = `i=0; trap 'exit 0' TERM; while :; do i=$((i+1)); echo $i; sleep 0.1; done`

/** One failure counts, but no slowness of a busy machine. */
const eager = 'periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 20'

const pods = `apiVersion: v1
kind: Pod
metadata: { name: steady }
spec:
  nodeName: node-1
  terminationGracePeriodSeconds: 1
  volumes: [{ name: config, configMap: { name: config } }]
  containers:
  - name: main
    image: ${image}
    command: [sh, -c, "${counts}"]
    volumeMounts: [{ name: config, mountPath: /config }]
    livenessProbe: { exec: { command: ['true'] }, ${eager} }
    readinessProbe: { exec: { command: ['true'] }, ${eager} }
---
apiVersion: v1
kind: Pod
metadata: { name: hungry }
spec:
  restartPolicy: Never
  containers:
  - name: main
    image: ${image}
    command: [sh, -c, 'head -c 100000000 /dev/zero | tail']
    resources: { limits: { memory: 16Mi } }
---
apiVersion: v1
kind: Pod
metadata: { name: crashes }
spec:
  containers:
  - name: main
    image: ${image}
    command: [sh, -c, 'echo tried; printf why > /dev/termination-log; exit 3']
---
apiVersion: v1
kind: Pod
metadata: { name: nonsense }
spec:
  containers:
  - { name: main, image: ${image}, command: [nonsense] }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80, targetPort: http }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: main
        image: ${image}
        command: [sh, -c, 'mkdir /www; echo > /www/live; echo > /www/ready; exec httpd -f -p 8080 -h /www']
        ports: [{ name: http, containerPort: 8080 }]
        livenessProbe: { httpGet: { port: http, path: /live }, ${eager} }
        readinessProbe: { httpGet: { port: http, path: /ready }, ${eager} }
`

before(async () => {
  await upCluster('--nodes=2')
  await kubectl('create', 'configmap', 'config', '--from-literal=value=one')
  await apply(pods)
  await kubectl('wait', '--for=condition=Ready', 'pod/steady', '--timeout=60s')
  await kubectl('rollout', 'status', 'deployment/web', '--timeout=60s')
})

after(async () => {
  await k8ts('down', `--data-dir=${dataDir}`)
  await rm(directory, { recursive: true, force: true })
})

test('a ConfigMap that changes arrives in its volumes', async () => {
  const change = { data: { value: 'two' } }
  await kubectl('patch', 'configmap', 'config', '--patch', JSON.stringify(change))
  await until(
    'the value',
    async () => (await kubectl('exec', 'steady', '--', 'cat', '/config/value')) === 'two',
  )
})

test('a container whose process is killed is started again, and that is counted', async () => {
  const [before, pid] = [await containerId('steady'), await processOf('steady')]
  process.kill(pid, 'SIGKILL')
  await until('the restart', async () => (await restarts('steady')) === '1')
  await kubectl('wait', '--for=condition=Ready', 'pod/steady', '--timeout=30s')
  const last = JSON.parse(await ofContainer('steady', 'lastState.terminated'))
  assert.deepEqual([last.exitCode, last.reason, last.containerID], [137, 'Error', before])
  assert.notEqual(await containerId('steady'), before)
  const logs = await kubectl('logs', 'steady')
  assert.match(logs, /^1\n2\n/)
  const previous = (await kubectl('logs', 'steady', '--previous', '--tail=1')).trim()
  assert.ok(Number(previous) > 0, previous)
})

test('a container that wants more memory than it may have is killed for it', async () => {
  await kubectl('wait', '--for=jsonpath={.status.phase}=Failed', 'pod/hungry', '--timeout=30s')
  const end = JSON.parse(await ofContainer('hungry', 'state.terminated'))
  assert.deepEqual([end.exitCode, end.reason], [137, 'OOMKilled'])
  assert.match(await kubectl('get', 'pod', 'hungry'), / 0\/1 +OOMKilled +0 /)
})

test('a container that keeps ending waits longer and longer for its next start', async () => {
  await until('the back-off', async () =>
    / 0\/1 +CrashLoopBackOff +\d+ /.test(await kubectl('get', 'pod', 'crashes')),
  )
  const described = await kubectl('describe', 'pod', 'crashes')
  assert.match(
    described,
    /State: +Waiting\n +Reason: +CrashLoopBackOff\n +Last State: +Terminated\n +Reason: +Error\n +Message: +why\n +Exit Code: +3\n/,
  )
  assert.match(
    described,
    /Warning +BackOff .* kubelet +Back-off restarting failed container main in pod crashes_default\(/,
  )
  assert.equal(await kubectl('logs', 'crashes'), 'tried\n')
  assert.equal(await kubectl('logs', 'crashes', '--previous'), 'tried\n')
})

test('a command that is not there is told of', async () => {
  await until('the back-off', async () =>
    / 0\/1 +(CrashLoopBackOff|RunContainerError) +\d+ /.test(
      await kubectl('get', 'pod', 'nonsense'),
    ),
  )
  const described = await kubectl('describe', 'pod', 'nonsense')
  assert.match(described, /Reason: +StartError\n +Message: +.*exec: "nonsense": executable file/)
  assert.match(described, /Warning +Failed .* kubelet +Error: .*exec: "nonsense": executable file/)
})

test('a pod that is not ready leaves the endpoints, and comes back', async () => {
  const pod = await someWeb()
  const ip = await kubectl('get', pod, '-o', 'jsonpath={.status.podIP}')
  const isReady = async () => (await readyAddresses()).includes(ip)
  assert.ok(await isReady())
  await kubectl('exec', pod, '--', 'rm', '/www/ready')
  await until('the endpoint to go', async () => !(await isReady()))
  assert.equal((await readyAddresses()).length, 1)
  await kubectl('exec', pod, '--', 'touch', '/www/ready')
  await until('the endpoint to come back', isReady)
  const described = await kubectl('describe', pod)
  assert.match(
    described,
    /Warning +Unhealthy .* kubelet +Readiness probe failed: HTTP probe failed with statuscode: 404/,
  )
})

test('a container that fails its liveness probe is started again', async () => {
  const pod = await someWeb()
  await kubectl('exec', pod, '--', 'rm', '/www/live')
  const path = 'jsonpath={.status.containerStatuses[0].restartCount}'
  await until('the restart', async () => (await kubectl('get', pod, '-o', path)) === '1')
  await kubectl('wait', '--for=condition=Ready', pod, '--timeout=30s')
  const described = await kubectl('describe', pod)
  assert.match(
    described,
    /Warning +Unhealthy .* kubelet +Liveness probe failed: HTTP probe failed with statuscode: 404/,
  )
  assert.match(
    described,
    /Normal +Killing .* kubelet +Container main failed liveness probe, will be restarted/,
  )
  assert.equal(await kubectl('get', pod, '-o', path), '1')
})

test('a pod of a Deployment that is deleted is replaced', async () => {
  const pod = await someWeb()
  await kubectl('delete', pod, '--timeout=30s')
  await kubectl('rollout', 'status', 'deployment/web', '--timeout=30s')
  await until('two endpoints', async () => (await readyAddresses()).length === 2)
  assert.doesNotMatch(await kubectl('get', 'pods', '-o', 'name'), new RegExp(`${pod}$`, 'm'))
})

test('a containerd that is killed harms nothing', async () => {
  const [container, restarted] = [await containerId('steady'), await restarts('steady')]
  const follower = start(newestKubectl, ['logs', '-f', '--tail=1', 'steady'])
  let lines: number[] = []
  follower.stdout?.setEncoding('utf8').on('data', (text: string) => {
    lines = [...lines, ...text.trim().split('\n').map(Number)]
  })
  const ended = once(follower, 'close')
  await until('the log', async () => lines.length > 3)
  const old = await containerdOf('node-1')
  assert.ok(old !== undefined)
  process.kill(old, 'SIGKILL')
  await until('another containerd', async () => {
    const now = await containerdOf('node-1')
    return now !== undefined && now !== old
  })
  await until(
    'a command to be run',
    async () => (await run(newestKubectl, ['exec', 'steady', '--', 'true'])).code === 0,
  )
  const before = lines.length
  await until('the log to go on', async () => lines.length > before + 5)
  follower.kill()
  await ended
  // Every line once, those from while there was no containerd included.
  const [first = 0] = lines
  assert.deepEqual(
    lines,
    lines.map((_, index) => first + index),
  )
  assert.deepEqual([await containerId('steady'), await restarts('steady')], [container, restarted])
  await apply(pods.replace('name: steady', 'name: later'))
  await kubectl('wait', '--for=condition=Ready', 'pod/later', '--timeout=30s')
  await kubectl('delete', 'pod', 'later', '--timeout=30s')
})

test('an agent that is killed and started again takes over what runs, without a word', async () => {
  const all = ['-o', 'jsonpath={range .items[*]}{.status.containerStatuses[0].containerID} {end}']
  const running = () => kubectl('get', 'pods', '-l', 'app=web', ...all)
  const [containers, steady] = [await running(), await containerId('steady')]
  const watch = start(newestKubectl, ['get', 'pod', 'steady', '-w', '--no-headers'])
  let shown = ''
  watch.stdout?.setEncoding('utf8').on('data', (text: string) => (shown += text))
  const ended = once(watch, 'close')
  await until('the watch', async () => shown !== '')
  for (const node of ['node-1', 'node-2']) {
    process.kill(JSON.parse(readFileSync(nodeFile(node, 'agent.json'), 'utf8')).pid, 'SIGKILL')
  }
  const { code, err } = await k8ts('up', `--data-dir=${dataDir}`)
  assert.equal(code, 0, err)
  await kubectl('exec', 'steady', '--', 'true')
  assert.deepEqual([await running(), await containerId('steady')], [containers, steady])
  process.kill(await processOf('steady'), 'SIGKILL')
  await until('the restart', async () => (await restarts('steady')) === '2')
  watch.kill()
  await ended
  const [took] = shown.split(/^.*(?:Error|Completed|CrashLoopBackOff).*$/m)
  assert.doesNotMatch(took ?? '', / 0\/1 /)
})

test('down removes it all', downCluster)

function ofContainer(pod: string, field: string): Promise<string> {
  return kubectl('get', 'pod', pod, '-o', `jsonpath={.status.containerStatuses[0].${field}}`)
}

const containerId = (pod: string) => ofContainer(pod, 'containerID')
const restarts = (pod: string) => ofContainer(pod, 'restartCount')
const nodeFile = (node: string, file: string) => join(dataDir, 'nodes', node, file)

async function someWeb(): Promise<string> {
  const names = await kubectl('get', 'pods', '-l', 'app=web', '-o', 'name')
  return names.split('\n')[0] ?? ''
}

/** Of the endpoints of Service web that are ready. */
async function readyAddresses(): Promise<string[]> {
  const selector = '-l=kubernetes.io/service-name=web'
  const slices = JSON.parse(await kubectl('get', 'endpointslices', selector, '-o', 'json'))
  const endpoints: { addresses: string[]; conditions: { ready: boolean } }[] = slices.items.flatMap(
    (slice: { endpoints: unknown }) => slice.endpoints ?? [],
  )
  return endpoints
    .filter(({ conditions }) => conditions.ready)
    .flatMap(({ addresses }) => addresses)
}

/** The first process of a pod's container, as the machine knows it. */
async function processOf(pod: string): Promise<number> {
  const { clusterId } = await loadUp()
  const cgroups = realCgroups(await realMounts(realExec(realClock)).list())
  const path =
    'jsonpath={.spec.nodeName} {.metadata.uid} {.status.containerStatuses[0].containerID}'
  const [node, uid, container = ''] = (await kubectl('get', 'pod', pod, '-o', path)).split(' ')
  const id = container.replace('containerd://', '')
  const root = `/k8ts-${clusterId(dataDir)}-${node}/kubepods/besteffort`
  const all = await cgroups.processes(`${root}/pod${uid}/${id}`)
  const isFirst = (pid: number) =>
    /^NSpid:.*\t1$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  const first = all.find(isFirst)
  assert.ok(first !== undefined)
  return first
}

async function containerdOf(node: string): Promise<number | undefined> {
  const config = nodeFile(node, 'containerd/config.toml')
  const [pid] = await findProcesses(
    ([program = '', ...words]) => program.endsWith('containerd') && words.includes(config),
  )
  return pid
}
