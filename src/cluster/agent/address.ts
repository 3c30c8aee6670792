import { createSocket } from 'node:dgram'
import { ClusterError } from '../error.ts'

/**
 * This machine's address on the way to a server, given as https://host:port: what its packets
 * carry. Nothing is sent. Rejects with a ClusterError when there is no way.
 */
export async function addressTowards(server: string): Promise<string> {
  const { hostname } = new URL(server)
  const host = hostname.replace(/^\[|\]$/g, '')
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
  try {
    return await new Promise<string>((resolve, reject) => {
      // Not by a callback, which is called of failures as well.
      socket.once('error', reject)
      socket.once('connect', () => resolve(socket.address().address))
      // The port does not matter to the route.
      socket.connect(9, host)
    })
  } catch (cause) {
    throw new ClusterError(`there is no way to ${host}: name this node's address with --node-ip`, {
      cause,
    })
  } finally {
    socket.close()
  }
}
