import { asError } from '#base'
import type { Handle, Plugin } from '../../framework/plugin.ts'
import { Status } from '../../framework/status.ts'

const name = 'DefaultBinder'

/** Binds through the API's `binding` subresource. */
export function defaultBinder(handle: Handle): Plugin {
  return {
    name,
    async bind(pod, nodeName) {
      try {
        await handle.bind(pod, nodeName)
        return undefined
      } catch (error) {
        return new Status(name, 'Error', asError(error).message)
      }
    },
  }
}
