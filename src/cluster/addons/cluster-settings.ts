import { ConfigMap } from '#api'
import type { Client } from '#client'
import { parseCidr, parseIp } from '#machinery'
import { ClusterError } from '../error.ts'

/** What all nodes of a cluster have in common, as its server says it to them. */
export interface ClusterSettings {
  /** Of pods; each node has a part. */
  readonly clusterCidrs: readonly string[]
  readonly serviceCidrs: readonly string[]
  /** Of the kube-dns Service, where every node answers by itself. */
  readonly clusterDns: readonly string[]
  readonly clusterDomain: string
}

/** The ConfigMap that holds the settings; nodes may read it. */
export const settingsConfigMap = { namespace: 'kube-system', name: 'k8ts-cluster' } as const

const keys = {
  clusterCidrs: 'clusterCIDR',
  serviceCidrs: 'serviceCIDR',
  clusterDns: 'clusterDNS',
  clusterDomain: 'clusterDomain',
} as const

export function settingsData(settings: ClusterSettings): Readonly<Record<string, string>> {
  return {
    [keys.clusterCidrs]: settings.clusterCidrs.join(','),
    [keys.serviceCidrs]: settings.serviceCidrs.join(','),
    [keys.clusterDns]: settings.clusterDns.join(','),
    [keys.clusterDomain]: settings.clusterDomain,
  }
}

/** Rejects as the client does, and with a ClusterError that names the key when they make no sense. */
export async function readSettings(client: Client, signal: AbortSignal): Promise<ClusterSettings> {
  const { namespace, name } = settingsConfigMap
  const configMaps = client.resource(ConfigMap).namespace(namespace)
  return parseSettings((await configMaps.get(name, { signal })).data ?? {})
}

export function parseSettings(data: Readonly<Record<string, string>>): ClusterSettings {
  const list = (key: string, isGood: (text: string) => boolean) => {
    const values = (data[key] ?? '').split(',')
    const bad = values.find((value) => !isGood(value))
    if (bad === undefined) return values
    const { namespace, name } = settingsConfigMap
    throw new ClusterError(`ConfigMap ${namespace}/${name}: ${key} has "${bad}"`)
  }
  const isCidr = (text: string) => parseCidr(text) !== undefined
  return {
    clusterCidrs: list(keys.clusterCidrs, isCidr),
    serviceCidrs: list(keys.serviceCidrs, isCidr),
    clusterDns: list(keys.clusterDns, (text) => parseIp(text) !== undefined),
    clusterDomain: list(keys.clusterDomain, (text) => text !== '').join('.'),
  }
}
