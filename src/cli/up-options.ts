import type { KubeconfigChoice, UpSettings } from '#cluster'
import { isValidCIDR } from '#machinery'
import { integerFlag, UsageError, type Args } from './flags.ts'
import { publishedPorts } from './publish-flag.ts'
import { clusterCidrsOf, serviceCidrsOf } from './range-flags.ts'

/** What the flags of `k8ts up` ask for; what is absent is as it was or as usual. Throws a UsageError. */
export function upSettings(args: Args): UpSettings {
  const nodeCidr = args.text('node-cidr')
  if (nodeCidr !== undefined && (isValidCIDR(nodeCidr).length > 0 || nodeCidr.includes(':'))) {
    throw new UsageError(`--node-cidr is an IPv4 prefix such as 100.64.10.0/24, not "${nodeCidr}"`)
  }
  const number = (flag: string, max: number) =>
    args.has(flag) ? integerFlag(args, flag, 0, max) : undefined
  return {
    nodes: number('nodes', 1_000),
    apiPort: number('api-port', 65_535),
    nodeCidr,
    clusterCidrs: args.has('cluster-cidr') ? clusterCidrsOf(args) : undefined,
    serviceCidrs: args.has('service-cidr') ? serviceCidrsOf(args) : undefined,
    publish: args.has('publish') ? publishedPorts(args) : undefined,
    isolated: args.has('isolated') ? true : undefined,
  }
}

export function kubeconfigOf(args: Args): KubeconfigChoice | undefined {
  const path = args.text('kubeconfig')
  if (path !== undefined && args.has('no-kubeconfig')) {
    throw new UsageError('--kubeconfig and --no-kubeconfig exclude each other')
  }
  return args.has('no-kubeconfig') ? undefined : { path, env: process.env }
}
