import type { BytePipe } from './byte-pipe.ts'

/** One connection to a port of a pod. */
export interface ForwardedPort {
  readonly port: number
  readonly data: BytePipe
  /** From the server to the client: words about what went wrong, or nothing, and then its end. */
  readonly error: BytePipe
}

interface PortForward {
  /** Resolves when the connection is over: with nothing after a farewell, else with why. */
  readonly closed: Promise<Error | undefined>
  close(): Promise<void>
  abort(): void
}

/** The end that reaches the ports. */
export interface PortForwardServer extends PortForward {
  /** The next port the client asks for, or undefined when no more can come. One call at a time. */
  accept(): Promise<ForwardedPort | undefined>
}

/** The end that asks. */
export interface PortForwardClient extends PortForward {
  /** Rejects with StreamingError. Whether the port answers shows on the streams. */
  open(port: number): Promise<ForwardedPort>
}

/** Over SPDY; and over a WebSocket that carries SPDY (KEP 4006). */
export const portForwardProtocol = 'portforward.k8s.io'
export const portForwardTunnel = 'SPDY/3.1+portforward.k8s.io'

/** A decimal port, or undefined. */
export function parsePort(text: string | undefined): number | undefined {
  if (text === undefined || !/^[0-9]{1,5}$/.test(text)) return undefined
  const port = Number(text)
  return port >= 1 && port <= 0xffff ? port : undefined
}
