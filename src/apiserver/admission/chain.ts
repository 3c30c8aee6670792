import { applyDefaults, type Face } from '#machinery'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'

/** All plugins in upstream's order: every mutating one, then every validating one. */
export class AdmissionChain {
  readonly #plugins: readonly AdmissionPlugin[]

  constructor(plugins: readonly AdmissionPlugin[]) {
    this.#plugins = plugins
  }

  /** Lets the plugins change the object; what they add is defaulted as if the client had sent it. */
  async admit(attributes: AdmissionAttributes): Promise<void> {
    for (const plugin of this.#pluginsFor(attributes)) {
      if (plugin.admit === undefined) continue
      const pending = plugin.admit(attributes)
      // Most plugins decide at once; waiting for nothing would cost a turn each.
      if (pending !== undefined) await pending
    }
    if (attributes.object !== undefined) redefault(attributes.face, attributes.object)
  }

  async validate(attributes: AdmissionAttributes): Promise<void> {
    for (const plugin of this.#pluginsFor(attributes)) {
      const pending = plugin.validate?.(attributes)
      if (pending !== undefined) await pending
    }
  }

  #pluginsFor({ operation }: AdmissionAttributes): readonly AdmissionPlugin[] {
    if (operation !== 'CONNECT') return this.#plugins
    return this.#plugins.filter(({ connects }) => connects === true)
  }
}

function redefault(face: Face, draft: object): void {
  applyDefaults(face.schema, draft as Record<string, unknown>)
}
