import { ConfigMap, Secret } from '#api'
import { controller, type Controller } from '../framework/controller.ts'
import type { ControllerOptions } from '../options.ts'
import { signedData } from './signatures.ts'
import { expiryOf, signingToken, tokenSecrets } from './token-secret.ts'

const clusterInfo = { namespace: 'kube-public', name: 'cluster-info' } as const
const key = `${clusterInfo.namespace}/${clusterInfo.name}`

/** The kubeconfig in cluster-info is signed by each bootstrap token that is there for signing. */
export function bootstrapSigner({
  bootstrapTokens = false,
}: ControllerOptions): Controller | undefined {
  if (!bootstrapTokens) return undefined
  return controller({
    name: 'bootstrap-signer-controller',
    account: 'bootstrap-signer',
    workers: 1,
    setup(context) {
      const { client, clock } = context
      const tokens = context.watch(Secret, () => [key], tokenSecrets)
      const maps = context.watch(ConfigMap, () => [key], {
        namespace: clusterInfo.namespace,
        fieldSelector: `metadata.name=${clusterInfo.name}`,
      })
      return async () => {
        const map = maps.lister.get(clusterInfo.namespace, clusterInfo.name)
        if (map === undefined) return {}
        const nowMs = clock.now()
        const all = tokens.lister.list()
        const signing = all.flatMap((secret) => signingToken(secret, nowMs) ?? [])
        const data = signedData(map.data ?? {}, signing)
        if (data !== undefined) await client.resource(ConfigMap).update({ ...map, data })
        return { againAfterMs: nextExpiryMs(all, nowMs) }
      }
    },
  })
}

/** A token signs no longer than it is good, whoever deletes it then. */
function nextExpiryMs(tokens: readonly Secret[], nowMs: number): number | undefined {
  const left = tokens
    .map((secret) => (expiryOf(secret) ?? Number.POSITIVE_INFINITY) - nowMs)
    .filter((ms) => ms > 0 && Number.isFinite(ms))
  return left.length === 0 ? undefined : Math.min(lookAgainMs, ...left)
}

/** Timers do not reach as far as a token may. */
const lookAgainMs = 24 * 60 * 60_000
