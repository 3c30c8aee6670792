/**
 * - `Unschedulable`: not now; evicting pods may help.
 * - `UnschedulableAndUnresolvable`: not now, and evicting pods does not help.
 * - `Error`: the plugin itself failed; the pod is tried again after its backoff.
 */
export type StatusCode = 'Error' | 'Unschedulable' | 'UnschedulableAndUnresolvable'

/**
 * Why a plugin says no; it says yes by giving no status. Immutable. Plugins hand out the same
 * object for the same answer, so that thousands of nodes cost no thousands of objects.
 */
export class Status {
  readonly code: StatusCode
  readonly reasons: readonly string[]
  /** The plugin that said no. */
  readonly plugin: string

  constructor(plugin: string, code: StatusCode, ...reasons: readonly string[]) {
    this.plugin = plugin
    this.code = code
    this.reasons = reasons
  }

  /** True when the pod does not fit, false when something went wrong. */
  get rejected(): boolean {
    return this.code !== 'Error'
  }

  get message(): string {
    return this.reasons.join(', ')
  }
}
