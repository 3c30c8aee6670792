import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Container, Pod } from '#api'
import { asError } from '#base'
import { referenceTo } from '#client'
import type { ContainerMount, SandboxConfig } from '../runtime/config.ts'
import type { ContainerStatus, SandboxStatus } from '../runtime/runtime.ts'
import { volumeReferences } from '../volumes/payload.ts'
import { containerConfig } from './container-config.ts'
import { ConfigError, environment, type Referenced } from './environment.ts'
import { CreateError } from './failure.ts'
import { hostsFile, hostsFileOfNode } from './hosts-file.ts'
import { ephemeralContainersOf, initContainersOf, uidOf } from './observed.ts'
import type { PodHost } from './pod-host.ts'
import type { Resized } from './pod-step.ts'
import { podCgroup, podCgroupLimits } from './resources.ts'
import { dnsConfig, sandboxConfig } from './sandbox-config.ts'
import { terminationMessage } from './termination-message.ts'

/** Makes what a pod runs in, and its containers. */
export class PodStarter {
  readonly #host: PodHost

  constructor(host: PodHost) {
    this.#host = host
  }

  /** The cgroup and the sandbox; rejects with what the runtime says. */
  async createSandbox(pod: Pod, attempt: number, signal: AbortSignal): Promise<string> {
    const { cgroups, cgroupRoot, paths, runtime } = this.#host
    await cgroups.ensure(podCgroup(cgroupRoot, pod), podCgroupLimits(pod))
    await mkdir(paths.podLogs(pod), { recursive: true, mode: 0o755 })
    return runtime.runSandbox(this.#sandboxConfig(pod, attempt), signal)
  }

  /** Volumes as the pod's objects are now, tokens included. */
  async prepareVolumes(pod: Pod, podIps: readonly string[]): Promise<Referenced> {
    const { referenced, tokens, volumes, hostIps, allocatable } = this.#host
    const wanted = (pod.spec.volumes ?? []).flatMap((volume) => volumeReferences(volume).tokens)
    const [objects] = await Promise.all([
      referenced.of(pod),
      ...wanted.map((token) => tokens.refresh(pod, token)),
    ])
    await volumes.prepare({
      pod,
      referenced: objects,
      podIps,
      hostIps,
      allocatable,
      token: (projection) => tokens.get(pod, projection),
    })
    return objects
  }

  /** Creates and starts a container. Throws ImageError, ConfigError or the runtime's error. */
  async startContainer(
    pod: Pod,
    container: Container,
    attempt: number,
    sandbox: SandboxStatus,
    signal: AbortSignal,
  ): Promise<string> {
    const host = this.#host
    const about = referenceTo(pod, fieldPath(pod, container))
    const podIps = pod.spec.hostNetwork === true ? host.hostIps : sandbox.ips
    const referenced = await host.referenced.of(pod)
    const secrets = (pod.spec.imagePullSecrets ?? [])
      .map(({ name = '' }) => referenced.secret(name))
      .filter((secret) => secret !== undefined)
    const image = await host.images.ensure(
      pod,
      container,
      secrets,
      (type, reason, message) => host.events.record(about, { type, reason, message }),
      signal,
    )
    const variables = environment({
      pod,
      container,
      referenced,
      services: host.services(),
      podIps,
      hostIps: host.hostIps,
      allocatable: host.allocatable,
    })
    const mounts = [
      ...(await host.volumes.mountsOf(pod, container, variables)),
      ...(await this.#ownMounts(pod, container, attempt, podIps)),
    ]
    const config = containerConfig({
      pod,
      container,
      attempt,
      image,
      environment: variables,
      mounts,
      memoryCapacityBytes: host.memoryCapacityBytes,
      targetId: await this.#targetId(pod, container),
    })
    await mkdir(join(host.paths.podLogs(pod), container.name), { recursive: true })
    const sandboxConfiguration = this.#sandboxConfig(pod, sandbox.attempt)
    const id = await host.runtime
      .createContainer(sandbox.id, config, sandboxConfiguration, signal)
      .catch((cause: unknown) => {
        throw new CreateError(asError(cause).message, { cause })
      })
    host.owns(uidOf(pod), [id])
    host.events.record(about, { type: 'Normal', reason: 'Created', message: 'Container created' })
    await host.runtime.startContainer(id)
    host.events.record(about, { type: 'Normal', reason: 'Started', message: 'Container started' })
    return id
  }

  /** Sets what running containers may use, and what their pod may as a whole. */
  async resize(pod: Pod, containers: readonly Resized[]): Promise<void> {
    const { cgroups, cgroupRoot, runtime } = this.#host
    const group = podCgroup(cgroupRoot, pod)
    // No cgroup takes a limit below that of one within it, nor above that of the one around it.
    await cgroups.ensure(group, { ...podCgroupLimits(pod), cpuQuotaUs: -1, memoryBytes: -1 })
    for (const { running, resources } of containers) {
      await runtime.updateContainer(running.id, resources)
    }
    await cgroups.ensure(group, podCgroupLimits(pod))
  }

  /** What a container that has ended left to say. */
  terminationMessage(podUid: string, status: ContainerStatus): Promise<string> {
    return terminationMessage(status, this.#terminationFile(podUid, status))
  }

  /** The container into whose processes an ephemeral container is to look. */
  async #targetId(pod: Pod, { name }: Container): Promise<string | undefined> {
    const ephemeral = pod.spec.ephemeralContainers?.find((each) => each.name === name)
    const target = ephemeral?.targetContainerName ?? ''
    if (target === '') return undefined
    const all = await this.#host.runtime.containers(uidOf(pod))
    const found = all.find((each) => each.name === target && each.state === 'running')
    if (found === undefined) throw new ConfigError(`unable to find target container "${target}"`)
    return found.id
  }

  #terminationFile(
    podUid: string,
    { name, attempt }: Pick<ContainerStatus, 'attempt' | 'name'>,
  ): string {
    return join(this.#host.paths.container(podUid, name), `termination-${attempt}`)
  }

  #sandboxConfig(pod: Pod, attempt: number): SandboxConfig {
    const { paths, cgroupRoot, dns } = this.#host
    return sandboxConfig({
      pod,
      attempt,
      logDirectory: paths.podLogs(pod),
      cgroupParent: podCgroup(cgroupRoot, pod),
      dns: dnsConfig(pod, dns),
      domain: dns.domain,
    })
  }

  async #ownMounts(
    pod: Pod,
    container: Container,
    attempt: number,
    podIps: readonly string[],
  ): Promise<ContainerMount[]> {
    const { paths, dns } = this.#host
    const uid = uidOf(pod)
    const mounts: ContainerMount[] = []
    const mount = (containerPath: string, hostPath: string) => {
      mounts.push({ containerPath, hostPath, readonly: false, propagation: 'PROPAGATION_PRIVATE' })
    }
    const taken = (container.volumeMounts ?? []).some(({ mountPath }) => mountPath === '/etc/hosts')
    if (!taken) {
      const text =
        pod.spec.hostNetwork === true
          ? hostsFileOfNode(pod, await readFile('/etc/hosts', 'utf8').catch(() => ''))
          : hostsFile(pod, podIps, dns.domain)
      await writeFile(paths.hosts(uid), text, { mode: 0o644 })
      mount('/etc/hosts', paths.hosts(uid))
    }
    const { terminationMessagePath } = container
    if (terminationMessagePath !== '') {
      await mkdir(paths.container(uid, container.name), { recursive: true, mode: 0o750 })
      const file = this.#terminationFile(uid, { name: container.name, attempt })
      await writeFile(file, '')
      // Whoever the container runs as may write it; past the process' umask.
      await chmod(file, 0o666)
      mount(terminationMessagePath, file)
    }
    return mounts
  }
}

/** Which part of the pod an event is about. */
export function fieldPath(pod: Pod, { name }: Container): string {
  const isMeant = (each: Container) => each.name === name
  const sort = initContainersOf(pod).some(isMeant)
    ? 'initContainers'
    : ephemeralContainersOf(pod).some(isMeant)
      ? 'ephemeralContainers'
      : 'containers'
  return `spec.${sort}{${name}}`
}
