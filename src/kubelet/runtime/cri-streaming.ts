import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import type { UpgradeTarget } from '#streaming'

/**
 * Where a URL that CRI has given leads to: the runtime's own streaming server, on this machine and
 * without TLS. By SPDY, because over the WebSockets of containerd the end of stdin cannot be told.
 */
export function streamingTarget(url: string): UpgradeTarget {
  const { host, hostname, port, pathname, search } = new URL(url)
  return {
    dial: () => dial(hostname.replace(/^\[|\]$/g, ''), Number(port)),
    host,
    path: `${pathname}${search}`,
    carriers: ['spdy'],
  }
}

function dial(host: string, port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, allowHalfOpen: true })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })
}
