import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Pod } from '#api'
import { must, realClock, realRandom } from '#base'
import { containerConfig } from '../src/kubelet/pods/container-config.ts'
import { containersOf, uidOf } from '../src/kubelet/pods/observed.ts'
import { podCgroup } from '../src/kubelet/pods/resources.ts'
import { dnsConfig, sandboxConfig } from '../src/kubelet/pods/sandbox-config.ts'
import type { NodeCluster } from './node-cluster.ts'

/**
 * What a pod takes without Kubernetes: its sandbox and container by the same calls to the same
 * containerd, under the same cgroup, with the same network and DNS. Nothing is mounted and
 * nobody is told. Like the pod that is given, each under a name and uid of its own.
 */
export async function runRaw(
  { node, runtime }: NodeCluster,
  like: Pod,
  count: number,
): Promise<{ readonly ms: number; remove(): Promise<void> }> {
  const container = must(containersOf(like)[0], 'the pod has a container')
  const image = must(await runtime.image(container.image ?? ''), 'the image is there')
  const directory = join(node.directory, 'raw')
  const pods = Array.from({ length: count }, (_, at) => {
    const metadata = { ...like.metadata, name: `raw-${at}`, uid: realRandom.uuid() }
    return { ...like, metadata }
  })
  const dns = {
    servers: ['10.43.0.10'],
    domain: 'cluster.local',
    node: { servers: [], searches: [], options: [] },
  }
  for (const pod of pods)
    await mkdir(join(directory, uidOf(pod), container.name), { recursive: true })
  const start = async (pod: Pod) => {
    const sandbox = sandboxConfig({
      pod,
      attempt: 0,
      logDirectory: join(directory, uidOf(pod)),
      cgroupParent: podCgroup(node.cgroupRoot, pod),
      dns: dnsConfig(pod, dns),
      domain: dns.domain,
    })
    const sandboxId = await runtime.runSandbox(sandbox)
    const config = containerConfig({
      pod,
      container,
      attempt: 0,
      image,
      environment: new Map(),
      mounts: [],
      memoryCapacityBytes: 1 << 30,
    })
    const id = await runtime.createContainer(sandboxId, config, sandbox)
    await runtime.startContainer(id)
    return sandboxId
  }
  const began = realClock.elapsed()
  const sandboxes = await Promise.all(pods.map(start))
  const ms = realClock.elapsed() - began
  return {
    ms,
    async remove() {
      await Promise.all(
        sandboxes.map(async (id) => {
          await runtime.stopSandbox(id)
          await runtime.removeSandbox(id)
        }),
      )
      await rm(directory, { recursive: true, force: true })
    },
  }
}
