import type { ComponentOptions } from '#cluster'
import type { ComponentDefaults } from './component-flags.ts'
import { durationFlag } from './duration-flag.ts'
import { services } from './environment.ts'
import { booleanFlag, integerFlag, UsageError, type Args } from './flags.ts'
import { addressOf, fileOf, logOf } from './server-options.ts'

/** Upstream's. */
const election = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2_000 }

/** What the common flags ask for. Throws a UsageError for values that make no sense. */
export async function componentOptions(
  args: Args,
  defaults: ComponentDefaults,
): Promise<ComponentOptions> {
  const kubeconfig = args.text('kubeconfig')
  if (kubeconfig === undefined) throw new UsageError('--kubeconfig FILE is needed')
  const port = integerFlag(args, 'secure-port', defaults.port, 65_535)
  const bindAddress = addressOf(args)
  const credential = credentialOf(args)
  return {
    ...services,
    log: await logOf(args),
    kubeconfig,
    serving: port === 0 ? undefined : { bindAddress, port, credential },
    election: electionOf(args, defaults.lease),
  }
}

function credentialOf(args: Args): { certificate: string; key: string } | undefined {
  const [certificate, key] = [fileOf(args, 'tls-cert-file'), fileOf(args, 'tls-private-key-file')]
  if (certificate !== undefined && key !== undefined) return { certificate, key }
  if (certificate === undefined && key === undefined) return undefined
  throw new UsageError('--tls-cert-file and --tls-private-key-file go together')
}

function electionOf(args: Args, lease: string): ComponentOptions['election'] {
  const flag = (name: string) => `leader-elect-${name}`
  const leaseDurationMs = durationFlag(args, flag('lease-duration'), election.leaseDurationMs)
  const renewDeadlineMs = durationFlag(args, flag('renew-deadline'), election.renewDeadlineMs)
  const retryPeriodMs = durationFlag(args, flag('retry-period'), election.retryPeriodMs)
  if (leaseDurationMs % 1000 !== 0) {
    throw new UsageError(`--${flag('lease-duration')} is a number of whole seconds`)
  }
  if (leaseDurationMs <= renewDeadlineMs) {
    throw new UsageError(`--${flag('lease-duration')} is longer than --${flag('renew-deadline')}`)
  }
  // Attempts are spread by up to 1.2 periods, as client-go does it.
  if (renewDeadlineMs <= retryPeriodMs * 1.2) {
    throw new UsageError(
      `--${flag('renew-deadline')} is longer than 1.2 times --${flag('retry-period')}`,
    )
  }
  if (!booleanFlag(args, 'leader-elect', true)) return undefined
  const name = args.text(flag('resource-name')) ?? lease
  const namespace = args.text(flag('resource-namespace')) ?? 'kube-system'
  return { lease: { namespace, name }, leaseDurationMs, renewDeadlineMs, retryPeriodMs }
}
