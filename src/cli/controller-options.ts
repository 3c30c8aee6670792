import type { ComponentOptions, ControllerManagerOptions } from '#cluster'
import { durationFlag } from './duration-flag.ts'
import { booleanFlag, integerFlag, UsageError, type Args } from './flags.ts'
import { prefixesOf } from './range-flags.ts'
import { fileOf } from './server-options.ts'

/** What the flags of `k8ts controller-manager` ask for. Throws a UsageError. */
export function controllerManagerOptions(
  args: Args,
  component: ComponentOptions,
): ControllerManagerOptions {
  const clusterCidrs = clusterCidrsOf(args)
  const nodeCidrMaskSizes = maskSizesOf(args)
  checkParts(clusterCidrs ?? [], nodeCidrMaskSizes)
  return {
    ...component,
    chosen: args.has('controllers') ? args.list('controllers') : ['*'],
    useServiceAccountCredentials: booleanFlag(args, 'use-service-account-credentials', false),
    controllers: {
      ...given('rootCa', fileOf(args, 'root-ca-file')),
      ...given('serviceAccountKey', fileOf(args, 'service-account-private-key-file')),
      ...given('signingCa', signingCaOf(args)),
      ...given('signingDurationMs', durationOf(args, 'cluster-signing-duration')),
      ...given('clusterCidrs', clusterCidrs),
      serviceCidrs: prefixesOf(args, 'service-cluster-ip-range') ?? [],
      nodeCidrMaskSizes,
      nodeLifecycle: {
        ...given('monitorPeriodMs', durationOf(args, 'node-monitor-period')),
        ...given('monitorGracePeriodMs', durationOf(args, 'node-monitor-grace-period')),
        ...given('startupGracePeriodMs', durationOf(args, 'node-startup-grace-period')),
      },
      terminatedPodsMax: integerFlag(args, 'terminated-pod-gc-threshold', 12_500, 999_999_999),
    },
  }
}

/** A field that is there only when it was given: the rooms below have their own defaults. */
function given<K extends string, T>(name: K, value: T | undefined): Partial<Record<K, T>> {
  const fields: Partial<Record<K, T>> = {}
  if (value !== undefined) fields[name] = value
  return fields
}

function durationOf(args: Args, flag: string): number | undefined {
  return args.has(flag) ? durationFlag(args, flag, 0) : undefined
}

function signingCaOf(args: Args): { certificate: string; key: string } | undefined {
  const certificate = fileOf(args, 'cluster-signing-cert-file')
  const key = fileOf(args, 'cluster-signing-key-file')
  if (certificate !== undefined && key !== undefined) return { certificate, key }
  if (certificate === undefined && key === undefined) return undefined
  throw new UsageError('--cluster-signing-cert-file and --cluster-signing-key-file go together')
}

/** Checks what was asked for as a node's part against what there is to divide. */
function checkParts(clusterCidrs: readonly string[], sizes: ReturnType<typeof maskSizesOf>): void {
  for (const prefix of clusterCidrs) {
    const bits = prefix.includes(':') ? (sizes.ipv6 ?? 64) : (sizes.ipv4 ?? 24)
    if (bits < Number(prefix.split('/')[1])) {
      throw new UsageError(`--node-cidr-mask-size: a node cannot have a /${bits} of ${prefix}`)
    }
  }
}

function clusterCidrsOf(args: Args): readonly string[] | undefined {
  const prefixes = prefixesOf(args, 'cluster-cidr')
  if (!booleanFlag(args, 'allocate-node-cidrs', false)) return undefined
  if (prefixes !== undefined) return prefixes
  throw new UsageError('--allocate-node-cidrs needs --cluster-cidr')
}

function maskSizesOf(args: Args): { ipv4?: number; ipv6?: number } {
  const flag = 'node-cidr-mask-size'
  const [four, six] = [`${flag}-ipv4`, `${flag}-ipv6`]
  if (args.has(flag) && (args.has(four) || args.has(six))) {
    throw new UsageError(`--${flag} excludes --${four} and --${six}`)
  }
  const bits = (name: string, max: number) =>
    args.has(name) ? integerFlag(args, name, 0, max) : undefined
  return {
    ...given('ipv4', bits(four, 32) ?? bits(flag, 32)),
    ...given('ipv6', bits(six, 128) ?? bits(flag, 128)),
  }
}
