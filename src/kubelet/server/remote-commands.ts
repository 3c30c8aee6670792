import { asError } from '#base'
import {
  acceptPortForward,
  acceptRemoteCommand,
  commandFailed,
  parsePort,
  proxyPortForward,
  proxyRemoteCommand,
  type CommandClient,
  type CommandWants,
} from '#streaming'
import { podOf, runningContainer, runningSandbox } from './find.ts'
import { limits } from './limits.ts'
import { HttpError, text, type KubeletRequest, type Reply } from './reply.ts'
import type { ContainerTarget, PodTarget } from './routes.ts'
import type { ServedNode } from './served-node.ts'

/** Runs a program in a container, or attaches to the one it has. */
export async function remoteCommand(
  node: ServedNode,
  type: 'attach' | 'exec',
  target: ContainerTarget,
  request: KubeletRequest,
): Promise<Reply> {
  const wants = commandWants(request.query)
  podOf(node, target)
  const { id } = await runningContainer(node, target)
  mustUpgrade(request)
  const { runtime } = node
  const command = request.query.getAll('command')
  return commandReply(node, wants, () =>
    type === 'exec' ? runtime.connectExec(id, command, wants) : runtime.connectAttach(id, wants),
  )
}

/** The program is only started when its client is there. */
function commandReply(
  node: ServedNode,
  wants: CommandWants,
  connect: () => Promise<CommandClient>,
): Reply {
  return {
    type: 'upgrade',
    async accept(request) {
      const incoming = await acceptRemoteCommand(request, wants, node)
      let outgoing: CommandClient
      try {
        outgoing = await connect()
      } catch (error) {
        await incoming.finish(commandFailed(asError(error).message))
        return
      }
      await proxyRemoteCommand(incoming, outgoing)
    },
  }
}

/** Reaches ports in a pod's network, or on the node's loopback address for a pod that uses that. */
export async function portForward(
  node: ServedNode,
  target: PodTarget,
  request: KubeletRequest,
): Promise<Reply> {
  const ports = request.query.getAll('port').map((port) => {
    const number = parsePort(port)
    if (number === undefined) throw new HttpError(400, `invalid port "${port}"`)
    return number
  })
  podOf(node, target)
  const { id } = await runningSandbox(node, target)
  mustUpgrade(request)
  return {
    type: 'upgrade',
    async accept(upgrade) {
      const incoming = await acceptPortForward(upgrade, ports, node)
      try {
        await proxyPortForward(incoming, await node.runtime.connectPortForward(id))
      } catch (error) {
        incoming.abort()
        throw error
      }
    },
  }
}

/** Runs a program to its end and answers with what it wrote. */
export async function run(
  node: ServedNode,
  target: ContainerTarget,
  { query }: KubeletRequest,
): Promise<Reply> {
  const { id } = await runningContainer(node, target)
  const command = (query.get('cmd') ?? '').split(' ')
  const { exitCode, stdout, stderr } = await node.runtime.exec(id, command, limits.runSeconds)
  // The answer holds both outputs, like what a program writes to a terminal.
  if (exitCode === 0) return text(200, `${stdout}${stderr}`)
  const ended = `command '${command.join(' ')}' exited with ${exitCode}: ${stderr}`
  throw new HttpError(500, ended)
}

/** Which streams the query asks for, under the kubelet's names for them. Throws an HttpError. */
function commandWants(query: URLSearchParams): CommandWants {
  const asks = (name: string) => query.get(name) === '1'
  const tty = asks('tty')
  // A terminal has one output.
  const wants = { stdin: asks('input'), stdout: asks('output'), stderr: asks('error') && !tty, tty }
  if (!wants.stdin && !wants.stdout && !wants.stderr) {
    throw new HttpError(400, 'you must specify at least 1 of stdin, stdout, stderr')
  }
  return wants
}

function mustUpgrade({ isUpgrade }: KubeletRequest): void {
  if (!isUpgrade) throw new HttpError(500, 'Upgrade request required')
}
