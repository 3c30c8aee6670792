import { Secret } from '#api'
import { objectKey } from '#client'
import { hasReason } from '#machinery'
import { controller, type Controller } from '../framework/controller.ts'
import type { ControllerOptions } from '../options.ts'
import { expiryOf, tokenSecrets } from './token-secret.ts'

/** Bootstrap tokens are deleted when they have expired. */
export function tokenCleaner({
  bootstrapTokens = false,
}: ControllerOptions): Controller | undefined {
  if (!bootstrapTokens) return undefined
  return controller({
    name: 'token-cleaner-controller',
    account: 'token-cleaner',
    setup(context) {
      const { client, clock } = context
      const tokens = context.watch(Secret, (secret) => [objectKey(secret)], tokenSecrets)
      return async (key) => {
        const token = tokens.lister.getByKey(key)
        const expiresMs = token === undefined ? undefined : expiryOf(token)
        if (token === undefined || expiresMs === undefined) return {}
        const leftMs = expiresMs - clock.now()
        if (leftMs > 0) return { againAfterMs: Math.min(leftMs, lookAgainMs) }
        const { name = '', uid } = token.metadata
        try {
          const secrets = client.resource(Secret).namespace(tokenSecrets.namespace)
          await secrets.delete(name, { preconditions: { uid } })
        } catch (error) {
          if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict')) throw error
        }
        return {}
      }
    },
  })
}

/** Timers do not reach as far as a token may. */
const lookAgainMs = 24 * 60 * 60_000
