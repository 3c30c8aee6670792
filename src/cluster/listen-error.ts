import { ListenError } from '#apiserver'
import { ClusterError } from './error.ts'

/** Why a port cannot be had, as a sentence that says which flag to turn to; else the cause itself. */
export function listenError(portFlag: string, cause: unknown): unknown {
  if (!(cause instanceof ListenError)) return cause
  const { host, port } = cause
  switch (cause.code) {
    case 'EADDRINUSE':
      return new ClusterError(
        `port ${port} of ${host} is taken by another program: name another one with ${portFlag}`,
        { cause },
      )
    case 'EACCES':
      return new ClusterError(
        `port ${port} is not for this user: name one above 1023 with ${portFlag}`,
        { cause },
      )
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new ClusterError(
        `${host} is no address of this machine: name another one with --bind-address`,
        { cause },
      )
    default:
      return cause
  }
}
