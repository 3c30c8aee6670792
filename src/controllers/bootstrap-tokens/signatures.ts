import { signDetachedJws } from '#pki'

const prefix = 'jws-kubeconfig-'

/**
 * The data of cluster-info with the signatures that belong there: one of the kubeconfig by each
 * token, so that who knows a token can tell whether the kubeconfig is from somebody who knows it,
 * too. Undefined where all is as it should be.
 */
export function signedData(
  data: Readonly<Record<string, string>>,
  tokens: readonly { readonly id: string; readonly secret: string }[],
): Readonly<Record<string, string>> | undefined {
  const kubeconfig = Object.hasOwn(data, 'kubeconfig') ? data['kubeconfig'] : undefined
  if (kubeconfig === undefined) return undefined
  const wanted = new Map(Object.entries(data).filter(([key]) => !key.startsWith(prefix)))
  for (const { id, secret } of tokens) {
    wanted.set(`${prefix}${id}`, signDetachedJws({ keyId: id, key: secret, payload: kubeconfig }))
  }
  const same =
    wanted.size === Object.keys(data).length &&
    [...wanted].every(([key, value]) => Object.hasOwn(data, key) && data[key] === value)
  return same ? undefined : Object.fromEntries(wanted)
}
