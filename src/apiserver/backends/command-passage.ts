import type { Clock, Random } from '#base'
import {
  acceptPortForward,
  acceptRemoteCommand,
  connectPortForward,
  connectRemoteCommand,
  proxyPortForward,
  proxyRemoteCommand,
  type CommandWants,
  type UpgradeTarget,
} from '#streaming'
import type { Answer } from '../request.ts'
import type { OpenStreams } from './open-streams.ts'
import { upgradeRefusal } from './refusal.ts'

export interface PassageContext {
  readonly clock: Clock
  readonly random: Random
  readonly streams: OpenStreams
}

/**
 * A command between a client and a kubelet, each over its own carrier. The kubelet is asked first: a
 * refusal is an ordinary answer still.
 */
export async function passCommand(
  target: UpgradeTarget,
  wants: CommandWants,
  ctx: PassageContext,
): Promise<Answer> {
  return passed(
    ctx,
    () => connectRemoteCommand(target, wants, ctx),
    async (connection, outgoing) =>
      proxyRemoteCommand(await acceptRemoteCommand(connection, wants, ctx), outgoing),
  )
}

/** The same for a port-forward. */
export async function passPortForward(
  target: UpgradeTarget,
  ports: readonly number[],
  ctx: PassageContext,
): Promise<Answer> {
  return passed(
    ctx,
    () => connectPortForward(target, ctx),
    async (connection, outgoing) =>
      proxyPortForward(await acceptPortForward(connection, ports, ctx), outgoing),
  )
}

async function passed<Outgoing extends { abort(): void }>(
  { streams }: PassageContext,
  connect: () => Promise<Outgoing>,
  pass: (connection: Parameters<typeof acceptRemoteCommand>[0], to: Outgoing) => Promise<void>,
): Promise<Answer> {
  let outgoing: Outgoing
  try {
    outgoing = await connect()
  } catch (error) {
    return upgradeRefusal(error)
  }
  const end = () => outgoing.abort()
  const forget = streams.add(end)
  return {
    type: 'upgrade',
    async accept(connection) {
      try {
        await pass(connection, outgoing)
      } finally {
        end()
        forget()
      }
    },
    cancel() {
      end()
      forget()
    },
  }
}
