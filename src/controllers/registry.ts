import type { Controller } from './framework/controller.ts'

/** Every controller there is. Adding one is its folder and a line here. */
export const controllers: readonly Controller[] = []
