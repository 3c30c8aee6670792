import { isValidCIDR } from '#machinery'
import { UsageError, type Args } from './flags.ts'

/** What --service-cidr asks for. */
export function serviceCidrsOf(args: Args): readonly string[] {
  const prefixes = prefixesOf(args, 'service-cidr') ?? ['10.43.0.0/16']
  for (const prefix of prefixes) {
    const bits = (prefix.includes(':') ? 128 : 32) - Number(prefix.split('/')[1])
    if (bits < 4) throw new UsageError(`--service-cidr ${prefix} is too small: use /28 or larger`)
  }
  return prefixes
}

/** What --cluster-cidr asks for: parts of it are what nodes get. */
export function clusterCidrsOf(args: Args): readonly string[] {
  const prefixes = prefixesOf(args, 'cluster-cidr') ?? ['10.42.0.0/16']
  for (const prefix of prefixes) {
    const nodeBits = prefix.includes(':') ? 64 : 24
    if (Number(prefix.split('/')[1]) > nodeBits) {
      throw new UsageError(`--cluster-cidr ${prefix} is too small: each node gets a /${nodeBits}`)
    }
  }
  return prefixes
}

/** One range, or one of each IP family; undefined where the flag is not given. */
export function prefixesOf(args: Args, flag: string): readonly string[] | undefined {
  const prefixes = args.list(flag)
  for (const prefix of prefixes) {
    if (isValidCIDR(prefix).length > 0) {
      throw new UsageError(`--${flag} is an IP prefix such as 10.42.0.0/16, not "${prefix}"`)
    }
  }
  const sixes = prefixes.filter((prefix) => prefix.includes(':')).length
  if (prefixes.length > 2 || (prefixes.length === 2 && sixes !== 1)) {
    throw new UsageError(`--${flag} takes one range, or one of IPv4 and one of IPv6`)
  }
  return prefixes.length === 0 ? undefined : prefixes
}
