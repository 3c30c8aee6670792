import { asError, Backoff, type Clock, type Random } from '#base'
import { ConnectionError } from '#client'
import { StatusError } from '#machinery'
import { ClusterError, codeOf } from '../error.ts'
import { retryMaxMs, retryMinMs } from './limits.ts'

/** What every step of a join is given. */
export interface StepServices {
  readonly clock: Clock
  readonly random: Random
  readonly signal: AbortSignal
}

/**
 * Makes an attempt again while what stands in its way may pass by itself: the server is not there,
 * is busy, or does not have the rules for nodes yet. Rejects with a ClusterError that says what
 * stands in the way, or with the signal's reason.
 */
export async function patiently<T>(
  { clock, random, signal }: StepServices,
  server: string,
  limitMs: number,
  attempt: () => Promise<T>,
): Promise<T> {
  const backoff = new Backoff(clock, random, {
    initialMs: retryMinMs,
    maxMs: retryMaxMs,
    jitter: 0.2,
  })
  const until = clock.elapsed() + limitMs
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      signal.throwIfAborted()
      const waitMs = backoff.next()
      if (!mayPass(error) || clock.elapsed() + waitMs > until) throw joinError(error, server)
      await clock.sleep(waitMs, signal)
    }
  }
}

/** A failure of a call as a sentence for whoever wants to join. */
export function joinError(error: unknown, server: string): Error {
  if (error instanceof ClusterError) return error
  if (error instanceof StatusError) {
    return new ClusterError(refusal(error, server), { cause: error })
  }
  if (error instanceof ConnectionError) {
    return new ClusterError(failure(error, server), { cause: error })
  }
  return asError(error)
}

function mayPass(error: unknown): boolean {
  if (error instanceof ConnectionError) {
    return error.reason !== 'Closed' && tlsProblem(error) === undefined
  }
  // The objects that let nodes in, and the namespaces, come a moment after the server itself.
  return (
    error instanceof StatusError &&
    (error.code >= 500 || error.code === 429 || error.code === 403 || error.code === 404)
  )
}

function refusal({ code, message }: StatusError, server: string): string {
  if (code === 401) {
    return `${server} does not accept the token: it is unknown there, or has expired; k8ts token create, on the server, makes a new one`
  }
  return `${server} refuses: ${message}`
}

function failure(error: ConnectionError, server: string): string {
  switch (tlsProblem(error)) {
    case 'name': {
      const hostname = new URL(server).hostname.replace(/^\[(.*)\]$/, '$1')
      return `the certificate of ${server} is for other names: reach it by one of those, or start the server with --tls-san ${hostname}`
    }
    case 'authority':
      return `${server} is not of this cluster: its certificate is signed by another CA`
    case 'time':
      return `the certificate of ${server} is not valid now: compare the clocks of both machines`
    case undefined:
      return `${server} cannot be reached: ${firstCause(error).message}`
  }
}

const tlsProblems = new Map<unknown, 'name' | 'authority' | 'time'>([
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'name'],
  ['CERT_HAS_EXPIRED', 'time'],
  ['CERT_NOT_YET_VALID', 'time'],
  ['CERT_SIGNATURE_FAILURE', 'authority'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'authority'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'authority'],
  ['UNABLE_TO_GET_ISSUER_CERT', 'authority'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'authority'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'authority'],
])

/** Why TLS does not accept the server. Waiting does not help against it. */
function tlsProblem(error: ConnectionError): 'name' | 'authority' | 'time' | undefined {
  return tlsProblems.get(codeOf(firstCause(error)))
}

function firstCause(error: Error): Error {
  return error.cause instanceof Error ? firstCause(error.cause) : error
}
