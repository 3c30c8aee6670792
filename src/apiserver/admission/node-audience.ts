import type { CSIDriver, PersistentVolume, PersistentVolumeClaim, Pod } from '#api'
import type { UserInfo } from '../authentication/user.ts'
import type { Authorizer } from '../authorization/authorizer.ts'
import type { Lookup } from '../lookup.ts'

const claims = { group: '', resource: 'persistentvolumeclaims' }
const volumes = { group: '', resource: 'persistentvolumes' }
const drivers = { group: 'storage.k8s.io', resource: 'csidrivers' }

/**
 * Whether a kubelet may ask for a token of a pod with this audience (KEP-4935): one that a volume of
 * the pod asks for, itself or through its CSI driver, or one it is allowed by a role. '' is the API
 * server's own.
 */
export function mayRequestAudience(
  lookup: Lookup,
  authorizer: Authorizer,
  request: { readonly user: UserInfo; readonly pod: Pod; readonly account: string },
  audience: string,
): boolean {
  const { user, pod, account } = request
  if (asksFor(lookup, pod, audience)) return true
  const decision = authorizer.authorize({
    user,
    verb: 'request-serviceaccounts-token-audience',
    resourceRequest: true,
    apiGroup: '',
    apiVersion: 'v1',
    resource: audience,
    subresource: '',
    namespace: pod.metadata.namespace ?? '',
    name: account,
    path: '',
  })
  return decision.decision === 'allow'
}

function asksFor(lookup: Lookup, pod: Pod, audience: string): boolean {
  for (const volume of pod.spec.volumes ?? []) {
    for (const { serviceAccountToken } of volume.projected?.sources ?? []) {
      if (serviceAccountToken === undefined) continue
      if ((serviceAccountToken.audience ?? '') === audience) return true
    }
    const driver = volume.csi?.driver ?? claimedDriver(lookup, pod, volume)
    if (driver !== undefined && driverAsksFor(lookup, driver, audience)) return true
  }
  return false
}

function claimedDriver(
  lookup: Lookup,
  pod: Pod,
  volume: NonNullable<Pod['spec']['volumes']>[number],
): string | undefined {
  const name =
    volume.ephemeral === undefined
      ? volume.persistentVolumeClaim?.claimName
      : `${pod.metadata.name ?? ''}-${volume.name}`
  if (name === undefined) return undefined
  const claim = lookup.get<PersistentVolumeClaim>(claims, pod.metadata.namespace ?? '', name)
  const bound = claim?.spec.volumeName ?? ''
  return bound === ''
    ? undefined
    : lookup.get<PersistentVolume>(volumes, '', bound)?.spec.csi?.driver
}

function driverAsksFor(lookup: Lookup, driver: string, audience: string): boolean {
  const found = lookup.get<CSIDriver>(drivers, '', driver)
  return (found?.spec.tokenRequests ?? []).some((request) => request.audience === audience)
}
