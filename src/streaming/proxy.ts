import { asError } from '#base'
import type { BytePipe } from './byte-pipe.ts'
import { commandFailed } from './command-status.ts'
import { join, pump } from './join.ts'
import type { ForwardedPort, PortForwardClient, PortForwardServer } from './port-forward.ts'
import type { CommandClient, CommandServer } from './remote-command.ts'

/**
 * Joins a client's remote command to the one that runs it, each over its own carrier and version.
 * Neither side is read faster than the other takes it. The end of stdin goes through where the
 * carriers can tell it; the end of the command after all of its output. When either side is lost,
 * so is the other, but the client learns why if it can. Resolves when both are over.
 */
export async function proxyRemoteCommand(
  incoming: CommandServer,
  outgoing: CommandClient,
): Promise<void> {
  let over = false
  const clientGone = incoming.closed.then(() => {
    if (!over) outgoing.abort()
  })
  // A command that reads no more is no failure; one whose client is lost ends by `closed`.
  const input = Promise.allSettled([
    pumpBoth(incoming.stdin, outgoing.stdin),
    pumpBoth(incoming.resize, outgoing.resize),
  ])
  try {
    await Promise.all([
      pumpBoth(outgoing.stdout, incoming.stdout),
      pumpBoth(outgoing.stderr, incoming.stderr),
      outgoing.result,
    ])
    over = true
    await incoming.finish(await outgoing.result)
  } catch (error) {
    await tell(() => incoming.finish(commandFailed(asError(error).message)))
    incoming.abort()
  } finally {
    await outgoing.close()
    await clientGone
    await input
  }
}

/**
 * Joins a client's port-forward to the one that reaches the ports. Each connection within ends by
 * itself; when either side is over, the other is closed. Resolves when both are over.
 */
export async function proxyPortForward(
  incoming: PortForwardServer,
  outgoing: PortForwardClient,
): Promise<void> {
  const serverGone = outgoing.closed.then(() => incoming.close())
  for (;;) {
    const port = await incoming.accept()
    if (port === undefined) break
    proxyPort(port, outgoing).catch(() => {
      // Both of its ends were given up; the others go on.
    })
  }
  await outgoing.close()
  await incoming.close()
  await serverGone
}

async function proxyPort(incoming: ForwardedPort, client: PortForwardClient): Promise<void> {
  let outgoing: ForwardedPort
  try {
    outgoing = await client.open(incoming.port)
  } catch (error) {
    const words = Buffer.from(asError(error).message)
    await tell(async () => {
      await incoming.error.write(words)
      await incoming.error.end()
    })
    incoming.data.abort()
    return
  }
  await Promise.all([join(incoming.data, outgoing.data), pump(outgoing.error, incoming.error)])
}

async function pumpBoth(from: BytePipe | undefined, to: BytePipe | undefined): Promise<void> {
  if (from !== undefined && to !== undefined) await pump(from, to)
}

/** Last words to a peer that may be gone. */
async function tell(words: () => Promise<void>): Promise<void> {
  await words().catch(() => undefined)
}
