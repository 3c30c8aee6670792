import { Secret, ServiceAccount } from '#api'
import { objectKey, splitKey } from '#client'
import { hasReason } from '#machinery'
import { keyId, keyPairFromPem } from '#pki'
import { controller, type Controller } from '../framework/controller.ts'
import type { ControllerOptions } from '../options.ts'
import { accountOf, belongsTo, filled, tokenSecretType } from './token.ts'

const byAccount = 'token secrets of a service account'
const bySecret = 'service accounts that name a secret'

/**
 * Secrets of type kubernetes.io/service-account-token get their token, and go with their account;
 * an account stops naming a token secret that is gone. Keys are those of the secrets.
 */
export function serviceAccountTokenController(options: ControllerOptions): Controller | undefined {
  const { serviceAccountKey, rootCa = '' } = options
  if (serviceAccountKey === undefined) return undefined
  const key = keyPairFromPem(serviceAccountKey)
  const signer = { key, keyId: keyId(key.publicKey), rootCa }
  return controller({
    name: 'serviceaccount-token-controller',
    // No account has a token before this controller runs.
    account: undefined,
    setup(context) {
      const { client } = context
      const secrets = context.watch(Secret, (secret) => [objectKey(secret)], {
        fieldSelector: `type=${tokenSecretType}`,
      })
      secrets.addIndex(byAccount, (secret) => [
        `${secret.metadata.namespace ?? ''}/${accountOf(secret).name}`,
      ])
      const accounts = context.watch(
        ServiceAccount,
        (account) => secrets.lister.byIndex(byAccount, objectKey(account)).map(objectKey),
        { relevant: () => false },
      )
      accounts.addIndex(bySecret, ({ metadata, secrets: named = [] }) =>
        named.map(({ name = '' }) => `${metadata.namespace ?? ''}/${name}`),
      )

      const liveAccount = (namespace: string, name: string) =>
        orNone(client.resource(ServiceAccount).namespace(namespace).get(name))

      const fill = async (cached: Secret) => {
        const { namespace = '', name = '', uid = '' } = cached.metadata
        const ofSecret = accountOf(cached)
        const known = accounts.lister.get(namespace, ofSecret.name)
        const account =
          known !== undefined && belongsTo(cached, known)
            ? known
            : await liveAccount(namespace, ofSecret.name)
        const ofNamespace = client.resource(Secret).namespace(namespace)
        if (account === undefined || !belongsTo(cached, account)) {
          await orNone(ofNamespace.delete(name, { preconditions: { uid } }))
          return
        }
        if (filled(cached, account, signer) === cached) return
        // What is there may be filled already, as the informer lags behind: a token is made once.
        const live = await orNone(ofNamespace.get(name))
        if (live === undefined || live.metadata.uid !== uid) return
        const wanted = filled(live, account, signer)
        if (wanted !== live) await orNone(ofNamespace.update(wanted))
      }

      const forget = async (namespace: string, name: string, cached: ServiceAccount) => {
        const account = await liveAccount(namespace, cached.metadata.name ?? '')
        if (account === undefined || account.metadata.uid !== cached.metadata.uid) return
        const left = account.secrets?.filter((reference) => reference.name !== name)
        if (left?.length === account.secrets?.length) return
        await orNone(client.resource(ServiceAccount).update({ ...account, secrets: left }))
      }

      return async (secretKey) => {
        const secret = secrets.lister.getByKey(secretKey)
        if (secret !== undefined) return fill(secret)
        const { namespace, name } = splitKey(secretKey)
        for (const account of accounts.lister.byIndex(bySecret, secretKey)) {
          await forget(namespace, name, account)
        }
      }
    },
  })
}

async function orNone<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call
  } catch (error) {
    if (hasReason(error, 'NotFound')) return undefined
    throw error
  }
}
