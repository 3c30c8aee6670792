import { isIP } from 'node:net'
import type { KubeconfigChoice, PublishedPort, UpSettings } from '#cluster'
import { isValidCIDR } from '#machinery'
import { integerFlag, UsageError, type Args } from './flags.ts'

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
    publish: args.has('publish') ? publishedPorts(args) : undefined,
    isolated: args.has('isolated') ? true : undefined,
  }
}

/** What --publish asks for, once for each. */
export function publishedPorts(args: Args): PublishedPort[] {
  return args.list('publish').map((text) => {
    const match = /^(?:(.+):)?(\d{1,5}):(\d{1,5})$/.exec(text)
    const host = (match?.[1] ?? '127.0.0.1').replace(/^\[|\]$/g, '')
    const [port, nodePort] = [Number(match?.[2]), Number(match?.[3])]
    const isPort = (each: number) => each >= 1 && each <= 65_535
    if (match === null || isIP(host) === 0 || !isPort(port) || !isPort(nodePort)) {
      throw new UsageError(`--publish is [IP:]PORT:NODEPORT such as 8080:30080, not "${text}"`)
    }
    return { host, port, nodePort }
  })
}

export function kubeconfigOf(args: Args): KubeconfigChoice | undefined {
  const path = args.text('kubeconfig')
  if (path !== undefined && args.has('no-kubeconfig')) {
    throw new UsageError('--kubeconfig and --no-kubeconfig exclude each other')
  }
  return args.has('no-kubeconfig') ? undefined : { path, env: process.env }
}
