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

/** Whom a step speaks to, and what it shows of itself. */
export interface Peer {
  readonly server: string
  readonly shown: 'nothing' | 'token' | 'certificate'
}

/**
 * Makes an attempt again while what stands in its way may pass by itself: the server is not there,
 * is busy, or does not have the rules for nodes yet. Rejects with a ClusterError that says what
 * stands in the way, or with the signal's reason.
 */
export async function patiently<T>(
  { clock, random, signal }: StepServices,
  peer: Peer,
  limitMs: number,
  attempt: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const backoff = new Backoff(clock, random, {
    initialMs: retryMinMs,
    maxMs: retryMaxMs,
    jitter: 0.2,
  })
  const late = new AbortController()
  const timer = clock.timer(limitMs, () => late.abort())
  const either = AbortSignal.any([signal, late.signal])
  let last: ConnectionError | StatusError = new ConnectionError(
    'Timeout',
    `no answer within ${limitMs / 1000} s`,
  )
  try {
    for (;;) {
      try {
        return await attempt(either)
      } catch (error) {
        signal.throwIfAborted()
        if (late.signal.aborted) throw joinError(last, peer)
        if (!mayPass(error)) throw joinError(error, peer)
        last = error
      }
      await clock.sleep(backoff.next(), either).catch(() => {})
      signal.throwIfAborted()
      if (late.signal.aborted) throw joinError(last, peer)
    }
  } finally {
    timer.cancel()
  }
}

/** A failure of a call as a sentence for whoever wants to join. */
function joinError(error: unknown, peer: Peer): Error {
  if (error instanceof ClusterError) return error
  if (error instanceof StatusError) {
    return new ClusterError(refusal(error, peer), { cause: error })
  }
  if (error instanceof ConnectionError) {
    return new ClusterError(failure(error, peer.server), { cause: error })
  }
  return asError(error)
}

/** Whether waiting may help. */
export function mayPass(error: unknown): error is ConnectionError | StatusError {
  if (error instanceof ConnectionError) {
    return error.reason !== 'Closed' && tlsProblem(error) === undefined
  }
  // The objects that let nodes in, and the namespaces, come a moment after the server itself.
  return (
    error instanceof StatusError &&
    (error.code >= 500 || error.code === 429 || error.code === 403 || error.code === 404)
  )
}

function refusal({ code, message }: StatusError, { server, shown }: Peer): string {
  if (code !== 401) return `${server} refuses: ${message}`
  switch (shown) {
    case 'token':
      return `${server} does not accept the token: it is unknown there, or has expired; k8ts token create, on the server, makes a new one`
    case 'certificate':
      return `${server} does not accept the certificate of this node: compare the clocks of both machines, or remove the node's directory and join again`
    case 'nothing':
      return `${server} does not tell strangers which CA it has: use --ca-file`
  }
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
    case undefined: {
      const why = firstCause(error).message
      return error.reason === 'Malformed'
        ? `${server} is no API server: ${why}`
        : `${server} cannot be reached: ${why}`
    }
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
