import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { realClock } from '#base'
import { loadUp } from '#cluster'
import { endRemains } from '#kubelet'
import { realCgroups, realExec, realMounts } from '#linux'
import {
  apply,
  dataDir,
  directory,
  downCluster,
  image,
  k8ts,
  kubectl,
  output,
  run,
  start,
  until,
  upCluster,
} from './cluster.ts'

const kubeconfig = join(directory, 'kubeconfig')
const other = join(directory, 'other')

before(async () => {
  writeFileSync(
    kubeconfig,
    `apiVersion: v1
kind: Config
# mine
clusters: [{ name: mine, cluster: { server: 'https://127.0.0.1:1' } }]
contexts: [{ name: mine, context: { cluster: mine, user: mine } }]
users: [{ name: mine, user: { token: t } }]
current-context: mine
`,
  )
  await upCluster('--nodes=2', '--isolated')
})

after(async () => {
  await k8ts('down', `--data-dir=${dataDir}`)
  await k8ts('down', `--data-dir=${other}`)
  await rm(directory, { recursive: true, force: true })
})

const pod = `apiVersion: v1
kind: Pod
metadata: { name: steady }
spec:
  terminationGracePeriodSeconds: 1
  tolerations: [{ operator: Exists }]
  containers:
  - name: main
    image: ${image}
    command: [sh, -c, 'trap exit TERM; while :; do sleep 0.1; done']
`

const pidOf = (file: string): number => JSON.parse(readFileSync(join(dataDir, file), 'utf8')).pid
const containerOf = () =>
  kubectl('get', 'pod', 'steady', '-o', 'jsonpath={.status.containerStatuses[0].containerID}')
const isRunning = async () =>
  (await run('kubectl', ['get', 'pod', 'steady', '-o', 'jsonpath={.status.phase}'])).out ===
  'Running'

test('up makes nodes that are ready, and its context the current one', async () => {
  const nodes = await kubectl('get', 'nodes', '-o', 'wide', '--no-headers')
  assert.match(nodes, /^node-1 +Ready .*100\.64\.10\.11/m)
  assert.match(nodes, /^node-2 +Ready .*100\.64\.10\.12/m)
  assert.equal((await kubectl('config', 'current-context')).trim(), 'k8ts')
  const { out, code } = await k8ts('status', `--data-dir=${dataDir}`)
  assert.equal(code, 0)
  assert.match(out, /^ready\n[^]*node-1 +process \d+\n +node-2 +process \d+\n/)
})

test('components tell what they have logged', async () => {
  const server = await k8ts('logs', 'server', `--data-dir=${dataDir}`)
  assert.match(server.out, /^k8ts: ready at https:\/\/127\.0\.0\.1:6443/m)
  const agent = await k8ts('logs', 'node-2', '--tail=1', `--data-dir=${dataDir}`)
  assert.match(agent.out, /node node-2 is ready\n$/)
  const containerd = await k8ts('logs', 'node-1/containerd', `--data-dir=${dataDir}`)
  assert.match(containerd.out, /containerd successfully booted/)
  const { code, err } = await k8ts('logs', 'nobody', `--data-dir=${dataDir}`)
  assert.equal(code, 1)
  assert.equal(
    err,
    'k8ts: there is no component nobody: name one of server, node-1, node-1/containerd, node-2, node-2/containerd\n',
  )
})

test('a second up finds that everything runs; it does not change what the cluster is', async () => {
  const [server, agent] = [pidOf('server.json'), pidOf('nodes/node-1/agent.json')]
  const again = await k8ts('up', `--data-dir=${dataDir}`)
  assert.equal(again.code, 0, again.err)
  assert.deepEqual([pidOf('server.json'), pidOf('nodes/node-1/agent.json')], [server, agent])
  const changed = await k8ts('up', '--nodes=3', `--data-dir=${dataDir}`)
  assert.equal(changed.code, 1)
  assert.match(
    changed.err,
    /^k8ts: --nodes 3: the cluster in \S+ was made with 2; k8ts down removes it$/m,
  )
})

test('a control plane that was killed is started again, and containers ran on', async () => {
  await apply(pod)
  await until('the pod', isRunning)
  const container = await containerOf()
  process.kill(pidOf('server.json'), 'SIGKILL')
  await until('the server to end', async () => (await run('kubectl', ['get', 'ns'])).code !== 0)
  const up = await k8ts('up', `--data-dir=${dataDir}`)
  assert.equal(up.code, 0, up.err)
  assert.equal(await containerOf(), container)
  await kubectl('wait', '--for=condition=Ready', 'nodes', '--all', '--timeout=30s')
  await kubectl('create', 'configmap', 'after', '--from-literal=a=b')
})

test('an agent that was killed is started again, and takes its pods over', async () => {
  const container = await containerOf()
  for (const node of ['node-1', 'node-2']) {
    process.kill(pidOf(`nodes/${node}/agent.json`), 'SIGKILL')
  }
  const up = await k8ts('up', `--data-dir=${dataDir}`)
  assert.equal(up.code, 0, up.err)
  assert.equal(await containerOf(), container)
  await kubectl('delete', 'pod', 'steady', '--timeout=30s')
})

test('after a reboot everything is made again, and pods run again', async () => {
  await apply(pod)
  await until('the pod', isRunning)
  const container = await containerOf()
  await reboot()
  const up = await k8ts('up', `--data-dir=${dataDir}`)
  assert.equal(up.code, 0, up.err)
  await until('the pod in another container', async () => (await containerOf()) !== container)
  await until('the pod', isRunning)
  assert.equal(
    await kubectl(
      'get',
      'pod',
      'steady',
      '-o',
      'jsonpath={.status.containerStatuses[0].restartCount}',
    ),
    '1',
  )
})

test('addresses that are taken are refused, and nothing is left of the attempt', async () => {
  const { code, err } = await k8ts('up', `--data-dir=${other}`, '--api-port=0', '--no-kubeconfig')
  assert.equal(code, 1)
  assert.match(
    err,
    /addresses of 100\.64\.10\.0\/24 are in use on this machine: 100\.64\.10\.0\/24 is on k8ts-/,
  )
  assert.equal(existsSync(other), false)
})

test('down removes everything, and gives the former context back', async () => {
  // Whatever state it is in.
  process.kill(pidOf('nodes/node-2/agent.json'), 'SIGKILL')
  await downCluster()
  assert.equal(existsSync(dataDir), false)
  assert.equal((await kubectl('config', 'current-context')).trim(), 'mine')
  assert.doesNotMatch(readFileSync(kubeconfig, 'utf8'), /k8ts/)
  assert.match(readFileSync(kubeconfig, 'utf8'), /# mine/)
  assert.match(await output('ip', '-o', 'link'), /^1: lo: [^\n]*\n$/)
  assert.equal(await output('ip', 'route'), '')
  assert.equal(await output('nft', 'list', 'ruleset'), '')
  const { out } = await k8ts('down', `--data-dir=${dataDir}`)
  assert.match(out, /^there is no cluster of k8ts up in /)
})

test('up that is interrupted takes back what it has made', async () => {
  const child = start(join(import.meta.dirname, '../../bin/k8ts'), [
    'up',
    `--data-dir=${other}`,
    '--nodes=2',
    '--isolated',
    '--no-kubeconfig',
  ])
  let err = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    err += text
    if (text.includes('starting 2 nodes')) child.kill('SIGINT')
  })
  const code = await new Promise((resolve) => child.once('close', resolve))
  assert.equal(code, 1, err)
  assert.match(err, /interrupted/)
  assert.equal(existsSync(other), false)
})

test('a kubeconfig that cannot be written hinders neither up nor down', async () => {
  const command = join(import.meta.dirname, '../../bin/k8ts')
  const flags = ['up', `--data-dir=${other}`, '--isolated']
  const { code, out, err } = await run('env', [
    'KUBECONFIG=/proc/version/config',
    command,
    ...flags,
  ])
  assert.equal(code, 0, err)
  assert.match(
    out,
    /other\/admin\.kubeconfig, context k8ts\n +\(kubeconfig \/proc\/version\/config cannot/,
  )

  const record = join(other, 'up.json')
  const merged = { files: ['/proc/version'], former: undefined }
  const changed = { ...JSON.parse(readFileSync(record, 'utf8')), kubeconfig: merged }
  writeFileSync(record, JSON.stringify(changed))
  const down = await k8ts('down', `--data-dir=${other}`)
  assert.equal(down.code, 1)
  assert.match(down.err, /^k8ts: the cluster is removed, but not its context: /m)
  assert.equal(existsSync(other), false)
})

test('what nodes need and is not there is named, with the package that has it', async () => {
  const command = join(import.meta.dirname, '../../bin/k8ts')
  // Found also by a shell that does not look into sbin; here it is nothing that could be run.
  const script = `mount --bind /dev/null "$(command -v nft)"; PATH=/usr/bin:/bin "$@"`
  const words = ['--mount', 'sh', '-c', script, 'sh', command, 'up', `--data-dir=${other}`]
  const { code, err } = await run('unshare', words)
  assert.equal(code, 1)
  assert.match(
    err,
    /^k8ts: this machine lacks what nodes run: nft; on Debian: apt-get install nftables$/m,
  )
})

/** What a reboot leaves: the files, and nothing that the kernel had. */
async function reboot(): Promise<void> {
  const { clusterId } = await loadUp()
  const exec = realExec(realClock)
  const mounts = realMounts(exec)
  const cgroups = realCgroups(await mounts.list())
  process.kill(pidOf('server.json'), 'SIGKILL')
  for (const name of ['node-1', 'node-2']) {
    const node = join(dataDir, 'nodes', name)
    process.kill(pidOf(`nodes/${name}/agent.json`), 'SIGKILL')
    const cgroupRoot = `/k8ts-${clusterId(dataDir)}-${name}`
    const remains = { mounts, cgroups, clock: realClock, cgroupRoot }
    await endRemains({ ...remains, directory: join(node, 'containerd') })
    await mounts.unmount(`${node}.net`)
  }
  await exec.run('ip', ['link', 'delete', 'dev', `k8ts-${clusterId(dataDir)}`])
  await exec.run('ip', ['route', 'flush', 'table', 'main'])
  await exec.run('nft', ['flush', 'ruleset'])
  const record = join(dataDir, 'up.json')
  const changed = { ...JSON.parse(readFileSync(record, 'utf8')), bootId: 'another' }
  writeFileSync(record, JSON.stringify(changed))
}
