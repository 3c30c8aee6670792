import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import type { Log } from '#base'
import type { Responder } from './responder.ts'

/** Answers datagrams at an address. Rejects with the system's error when it cannot be had. */
export async function listenUdp(
  address: string,
  port: number,
  respond: Responder,
  log: Log,
): Promise<Socket> {
  const family = isIPv6(address) ? 6 : 4
  const socket =
    family === 6 ? createSocket({ type: 'udp6', ipv6Only: true }) : createSocket('udp4')
  let open = true
  const answer = async (bytes: Uint8Array, to: { address: string; port: number }) => {
    const reply = await respond(bytes, { proto: 'udp', family })
    if (reply === undefined || !open) return
    // Who asked may be gone, and asks again if not.
    socket.send(reply, to.port, to.address, (error) => {
      if (error !== null) log.debug('an answer was not sent', { error: error.message })
    })
  }
  socket.on('message', (bytes, from) => void answer(bytes, from))
  socket.on('close', () => (open = false))
  socket.bind({ address, port, exclusive: true })
  try {
    await once(socket, 'listening')
  } catch (error) {
    socket.close()
    throw error
  }
  socket.on('error', (error) => log.error('a DNS socket failed', { error: error.message }))
  return socket
}
