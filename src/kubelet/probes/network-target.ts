import type { Container } from '#api'
import { asError } from '#base'

/** A port's number, or that of the container's port of this name. */
export function portNumber(port: number | string, { ports = [] }: Container): number {
  if (typeof port === 'number') return port
  const named = ports.find(({ name }) => name === port)?.containerPort
  const number = named ?? Number(port)
  if (!(number > 0 && number < 65_536)) throw new Error(`couldn't find port: ${port}`)
  return number
}

/** An address as it stands before a port. */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

/** Why a host was not reached, as Go words the commonest reasons. */
export function dialText(error: unknown, host: string, port: number): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const where = `dial tcp ${bracketed(host)}:${port}`
  if (code === 'ECONNREFUSED') return `${where}: connect: connection refused`
  if (code === 'EHOSTUNREACH') return `${where}: connect: no route to host`
  if (code === 'ECONNRESET') return 'read: connection reset by peer'
  return asError(error).message
}
