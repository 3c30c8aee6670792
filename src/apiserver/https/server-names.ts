import { createSecureContext, type SecureContext, type TlsOptions } from 'node:tls'
import { asError } from '#base'
import { serverNamesMax } from './limits.ts'
import type { HttpsOptions } from './serve.ts'

/** Chooses the certificate by the name that a peer connects to, where there is one for it. */
export function serverNames(
  options: Pick<HttpsOptions, 'certificateFor' | 'clientCas'>,
): Pick<TlsOptions, 'SNICallback'> {
  const { certificateFor, clientCas } = options
  if (certificateFor === undefined) return {}
  const known = new Map<string, SecureContext>()
  const contextOf = (name: string): SecureContext | undefined => {
    const kept = known.get(name)
    if (kept !== undefined) return kept
    const found = certificateFor(name)
    if (found === undefined) return undefined
    const ca = clientCas.length > 0 ? { ca: [...clientCas] } : {}
    const context = createSecureContext({ cert: found.certificate, key: found.key, ...ca })
    const [oldest] = known.keys()
    if (known.size >= serverNamesMax && oldest !== undefined) known.delete(oldest)
    known.set(name, context)
    return context
  }
  return {
    SNICallback(name, done) {
      try {
        done(null, contextOf(name))
      } catch (error) {
        done(asError(error))
      }
    },
  }
}
