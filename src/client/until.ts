import { ConnectionError } from './error.ts'
import type { Transport } from './transport.ts'

/** Sends nothing any more once the signal has fired; what is under way goes on. */
export function until(signal: AbortSignal, transport: Transport): Transport {
  return {
    send: async (call) => {
      if (signal.aborted) throw new ConnectionError('Closed', 'the right to call has ended')
      return transport.send(call)
    },
    watch: (call, receiver) => transport.watch(call, receiver),
    async [Symbol.asyncDispose]() {},
  }
}
