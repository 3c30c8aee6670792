import type { Upgraded } from './upgrade-server.ts'

/** Versions of the remote command protocol; v3 has resizing, v4 a Status, v5 the end of stdin. */
export type CommandVersion = 1 | 2 | 3 | 4 | 5

interface Subprotocol {
  readonly version: CommandVersion
  readonly base64: boolean
}

/** By the name in the upgrade. A client that names none speaks v1. */
const ofSpdy: ReadonlyMap<string, Subprotocol> = new Map([
  ['v4.channel.k8s.io', { version: 4, base64: false }],
  ['v3.channel.k8s.io', { version: 3, base64: false }],
  ['v2.channel.k8s.io', { version: 2, base64: false }],
  ['channel.k8s.io', { version: 1, base64: false }],
  ['', { version: 1, base64: false }],
])

/** Over WebSockets v1 has resizing too: the channel was always there. */
const ofWebSocket: ReadonlyMap<string, Subprotocol> = new Map([
  ['v5.channel.k8s.io', { version: 5, base64: false }],
  ['v4.channel.k8s.io', { version: 4, base64: false }],
  ['v4.base64.channel.k8s.io', { version: 4, base64: true }],
  ['channel.k8s.io', { version: 1, base64: false }],
  ['base64.channel.k8s.io', { version: 1, base64: true }],
  ['', { version: 1, base64: false }],
])

export const commandSubprotocols = {
  websocket: [...ofWebSocket.keys()],
  spdy: [...ofSpdy.keys()],
}

/** What a client asks for. */
export const commandOffers = {
  websocket: ['v5.channel.k8s.io', 'v4.channel.k8s.io'],
  spdy: ['v4.channel.k8s.io', 'v3.channel.k8s.io', 'v2.channel.k8s.io', 'channel.k8s.io'],
}

export function subprotocolOf(upgraded: Upgraded): Subprotocol {
  const known = upgraded.kind === 'spdy' ? ofSpdy : ofWebSocket
  return known.get(upgraded.subprotocol) ?? { version: 1, base64: false }
}
