import { once } from 'node:events'
import { createServer } from 'node:net'
import { ClusterError, codeOf } from '../error.ts'

/**
 * Rejects with a ClusterError when somebody listens at a port that the node's servers need: this
 * machine is a node already, perhaps, and two would each undo what the other does.
 */
export async function checkPortsFree(host: string, ports: readonly number[]): Promise<void> {
  for (const port of ports) {
    const server = createServer()
    try {
      server.listen(port, host)
      await once(server, 'listening')
    } catch (cause) {
      if (codeOf(cause) !== 'EADDRINUSE') throw cause
      const why = `port ${port} of this machine is in use: a machine is one node`
      throw new ClusterError(`${why}; k8ts agent reset ends the one that it is`, { cause })
    } finally {
      server.close()
    }
  }
}
