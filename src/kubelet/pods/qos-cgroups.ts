import { aggregateContainers, podQosClass, type Pod } from '#api'
import { asError, type Log } from '#base'
import type { CgroupLimits, Cgroups } from '#linux'
import { equalJson, parseQuantity } from '#machinery'
import { cpuShares } from './resources.ts'

/** The cgroups that hold pods' cgroups, and what they may use by the pods that are there. Pure. */
export function qosCgroups(
  root: string,
  allocatable: Readonly<Record<string, string>>,
  pods: readonly Pod[],
): Readonly<Record<string, CgroupLimits>> {
  const burstable = pods.filter((pod) => isLive(pod) && podQosClass(pod.spec) === 'Burstable')
  const requests = burstable.map(
    (pod) => aggregateContainers(pod.spec, 'requests').get('cpu')?.toMilli() ?? 0,
  )
  const kubepods = `${root}/kubepods`
  return {
    [kubepods]: {
      cpuShares: cpuShares(parseQuantity(allocatable['cpu'] ?? '0').toMilli()),
      memoryBytes: parseQuantity(allocatable['memory'] ?? '0').toInteger(),
    },
    [`${kubepods}/burstable`]: {
      cpuShares: cpuShares(requests.reduce((sum, cpu) => sum + cpu, 0)),
    },
    // They get what nobody else wants.
    [`${kubepods}/besteffort`]: { cpuShares: cpuShares(0) },
  }
}

function isLive({ status }: Pod): boolean {
  return status.phase !== 'Succeeded' && status.phase !== 'Failed'
}

/** Keeps those cgroups as the pods want them. */
export class QosCgroups {
  readonly #cgroups: Cgroups
  readonly #log: Log
  readonly #wanted: () => Readonly<Record<string, CgroupLimits>>
  #current: Readonly<Record<string, CgroupLimits>> = {}
  #isOld = false
  #writing: Promise<void> | undefined

  constructor(cgroups: Cgroups, log: Log, wanted: () => Readonly<Record<string, CgroupLimits>>) {
    this.#cgroups = cgroups
    this.#log = log
    this.#wanted = wanted
  }

  /** What is wanted may have changed. */
  changed(): void {
    this.#isOld = true
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined
    })
  }

  /** Resolves when nothing is being written. Never rejects. */
  async settled(): Promise<void> {
    await this.#writing
  }

  /** What could not be written is tried again with the next change. */
  async #write(): Promise<void> {
    // What comes in the same turn is one change.
    await Promise.resolve()
    while (this.#isOld) {
      this.#isOld = false
      const wanted = this.#wanted()
      try {
        for (const [path, limits] of Object.entries(wanted)) {
          if (!equalJson(limits, this.#current[path])) await this.#cgroups.ensure(path, limits)
        }
        this.#current = wanted
      } catch (error) {
        const { message } = asError(error)
        this.#log.warn('the cgroups of the classes of pods were not set', { error: message })
      }
    }
  }
}
