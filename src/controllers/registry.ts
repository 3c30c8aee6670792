import type { Controller } from './framework/controller.ts'
import type { ControllerOptions } from './options.ts'

/** Every controller there is, for a cluster. Adding one is its folder and a line here. */
export function controllers(_options: ControllerOptions = {}): readonly Controller[] {
  return []
}
