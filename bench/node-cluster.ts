import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Pod, type PodInput } from '#api'
import { realClock, realRandom, silentLog, withTimeout } from '#base'
import { Client, httpsTransport, Informers, loadKubeconfig } from '#client'
import { busyboxImage, CriRuntime, importImages, machineArchitecture } from '#kubelet'
import { ipIn, realExec } from '#linux'
import { nodePaths } from '../src/cluster/agent/node-paths.ts'
import { upNodes } from '../src/cluster/up/record.ts'

const root = new URL('..', import.meta.url).pathname
const services = { clock: realClock, random: realRandom, log: silentLog }
const image = 'docker.io/library/busybox:1.35'
const upMs = 120_000
const runningMs = 120_000

export type NodeCluster = Awaited<ReturnType<typeof startNodeCluster>>

/**
 * `k8ts up` with one node, in the network namespace of this process; whoever started the process
 * removes it. What it needs is packed before the time counts.
 */
export async function startNodeCluster(dataDir: string) {
  const exec = realExec(realClock)
  await ipIn(exec).up('lo')
  const archive = await busyboxImage({ name: image, architecture: machineArchitecture(), exec })
  const began = realClock.elapsed()
  await k8ts('up', `--data-dir=${dataDir}`, '--isolated', '--no-kubeconfig')
  const upEnded = realClock.elapsed()
  const [node] = upNodes(dataDir, { id: idOf(dataDir), nodes: 1 })
  if (node === undefined) throw new Error('a cluster has a node')
  const socket = join(node.containerd, 'containerd.sock')
  await importImages(exec, socket, archive)
  const imported = realClock.elapsed()
  const { endpoint } = loadKubeconfig([join(dataDir, 'admin.kubeconfig')])
  const transport = httpsTransport(endpoint, { clock: realClock, userAgent: 'bench' })
  const client = new Client(transport, realClock)
  const informers = new Informers(client, services)
  const pods = informers.of(Pod, { namespace: 'default' })
  await informers.start()
  const resource = client.resource(Pod).namespace('default')
  return {
    /** Of `k8ts up`, and of what came after it. */
    upMs: upEnded - began,
    importMs: imported - upEnded,
    node,
    runtime: new CriRuntime({ address: socket, ...services }),
    serverPid: pidIn(join(dataDir, 'server.json')),
    agentPid: pidIn(nodePaths(node.directory).agentFile),
    /** Creates pods at once; how long it takes until a watch shows that all of them run. */
    async create(names: readonly string[]): Promise<number> {
      const started = realClock.elapsed()
      const left = new Set(names)
      const { promise, resolve } = Promise.withResolvers<void>()
      const look = ({ metadata, status }: Pod) => {
        if (status.phase === 'Running') left.delete(metadata.name ?? '')
        if (left.size === 0) resolve()
      }
      const endHandler = pods.addHandler({ added: look, updated: look })
      await Promise.all(names.map((name) => resource.create(sleeper(name))))
      await withTimeout(realClock, promise, runningMs, `${left.size} pods to run`)
      endHandler()
      return realClock.elapsed() - started
    },
    /** Resolves when nothing of them is left in the API nor on the node. */
    async remove(names: readonly string[]): Promise<void> {
      const { promise, resolve } = Promise.withResolvers<void>()
      const left = new Set(names)
      const endHandler = pods.addHandler({
        deleted({ metadata }) {
          left.delete(metadata.name ?? '')
          if (left.size === 0) resolve()
        },
      })
      await Promise.all(names.map((name) => resource.delete(name)))
      await withTimeout(realClock, promise, runningMs, `${left.size} pods to go`)
      endHandler()
    },
    get: (name: string) => resource.get(name),
  }
}

function sleeper(name: string): PodInput {
  const command = ['sh', '-c', 'trap exit TERM; while :; do sleep 1000 & wait; done']
  return {
    metadata: { name, labels: { app: 'sleeper' } },
    spec: {
      terminationGracePeriodSeconds: 5,
      containers: [{ name: 'main', image, command }],
    },
  }
}

async function k8ts(...args: readonly string[]): Promise<void> {
  const child = spawn(join(root, 'bin/k8ts'), args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  const [code] = await withTimeout(realClock, once(child, 'close'), upMs, `k8ts ${args[0]}`)
  if (code !== 0) throw new Error(`k8ts ${args.join(' ')} ended with ${code}: ${said}`)
}

function idOf(dataDir: string): string {
  const { id } = JSON.parse(readFileSync(join(dataDir, 'up.json'), 'utf8')) as { id: string }
  return id
}

function pidIn(file: string): number {
  const { pid } = JSON.parse(readFileSync(file, 'utf8')) as { pid: number }
  return pid
}
