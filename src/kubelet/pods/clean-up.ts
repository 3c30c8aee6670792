import { rm } from 'node:fs/promises'
import type { Pod } from '#api'
import { poll } from '#base'
import { uidOf, type ObservedPod } from './observed.ts'
import type { PodHost } from './pod-host.ts'
import { podCgroup } from './resources.ts'

const cgroupTimeoutMs = 5_000
const cgroupPollMs = 20

/** Leaves nothing of a pod on its node whose containers have ended. Idempotent. */
export async function cleanUp(host: PodHost, pod: Pod, observed: ObservedPod): Promise<void> {
  const uid = uidOf(pod)
  await host.volumes.remove(uid)
  for (const { id } of observed.sandboxes) await host.runtime.removeSandbox(id)
  const group = podCgroup(host.cgroupRoot, pod)
  await poll(
    {
      clock: host.clock,
      intervalMs: cgroupPollMs,
      timeoutMs: cgroupTimeoutMs,
      what: 'the cgroup to be empty',
    },
    () =>
      host.cgroups.remove(group).then(
        () => true,
        () => false,
      ),
  )
  await rm(host.paths.podLogs(pod), { recursive: true, force: true })
  await host.referenced.release(uid)
  host.tokens.forget(uid)
  host.statuses.forget(uid)
}
