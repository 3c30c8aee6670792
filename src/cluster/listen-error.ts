import { ClusterError, codeOf } from './error.ts'

/** Why a port cannot be had, as a sentence that says which flag to turn to; else the cause itself. */
export function listenError(
  asked: { readonly host: string; readonly port: number; readonly portFlag: string },
  cause: unknown,
): unknown {
  const { host, port, portFlag } = asked
  switch (codeOf(cause)) {
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
