import type { Container, Pod } from '#api'
import { exposition, type Sample } from '../metrics/exposition.ts'
import { uidOf } from '../pods/observed.ts'
import type { ProbeKind } from '../pods/pod-step.ts'
import type { ProbeResult } from './prober.ts'

interface Count {
  readonly labels: Sample['labels']
  value: number
}

/** Counts the probes of the pods that are here, under upstream's name. */
export class ProbeCounts {
  readonly #ofPod = new Map<string, Map<string, Count>>()

  count(pod: Pod, { name: container }: Container, kind: ProbeKind, probed: ProbeResult): void {
    const uid = uidOf(pod)
    const counts = this.#ofPod.get(uid) ?? new Map<string, Count>()
    this.#ofPod.set(uid, counts)
    const result = probed.unknown ? 'unknown' : probed.ok ? 'successful' : 'failed'
    const key = `${container}/${kind}/${result}`
    const known = counts.get(key)
    if (known !== undefined) {
      known.value++
      return
    }
    const { namespace = '', name = '' } = pod.metadata
    const labels = {
      container,
      namespace,
      pod: name,
      pod_uid: uid,
      probe_type: `${kind.slice(0, 1).toUpperCase()}${kind.slice(1)}`,
      result,
    }
    counts.set(key, { labels, value: 1 })
  }

  forget(podUid: string): void {
    this.#ofPod.delete(podUid)
  }

  text(): string {
    const all = [...this.#ofPod.values()].flatMap((counts) => [...counts.values()])
    return exposition('prober_probe_total', 'counter', 'Probes of containers by result.', all)
  }
}
