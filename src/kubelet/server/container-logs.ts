import { stat } from 'node:fs/promises'
import { asError } from '#base'
import { LogOptionsError, logOptions, type LogOptions } from '../logs/log-options.ts'
import { readLog } from '../logs/log-reader.ts'
import { logContainer } from '../logs/which-container.ts'
import { hasContainer } from './find.ts'
import { HttpError, type KubeletRequest, type Reply } from './reply.ts'
import type { ContainerTarget } from './routes.ts'
import type { ServedNode } from './served-node.ts'

/** What a container has written, as the query asks for it. */
export async function containerLogs(
  node: ServedNode,
  target: ContainerTarget,
  request: KubeletRequest,
): Promise<Reply> {
  const options = optionsOf(request.query, node.clock.now())
  const { namespace, pod: podName, container } = target
  const pod = node.pod(namespace, podName)
  if (pod === undefined) throw new HttpError(404, `pod "${podName}" does not exist`)
  if (!hasContainer(pod, container)) {
    throw new HttpError(404, `container "${container}" not found in pod "${podName}"`)
  }
  const { signal } = request
  const id = idOf(() => logContainer(node.statusOf(pod), podName, container, options.previous))
  const path = await logPath(node, id)
  const ended = () => node.ends.wait(id, signal)
  const chunks = readLog(options, { path, clock: node.clock, signal, ended })
  return { type: 'stream', contentType: 'text/plain', chunks }
}

function optionsOf(query: URLSearchParams, nowMs: number): LogOptions {
  try {
    return logOptions(query, nowMs)
  } catch (error) {
    if (error instanceof LogOptionsError) throw new HttpError(error.code, error.message)
    throw error
  }
}

/** Where there is no container to show, the client has asked too early, or for too much. */
function idOf(find: () => string): string {
  try {
    return find()
  } catch (error) {
    throw new HttpError(400, asError(error).message)
  }
}

async function logPath({ runtime }: ServedNode, id: string): Promise<string> {
  try {
    const { logPath: path } = await runtime.containerStatus(id)
    await stat(path)
    return path
  } catch (cause) {
    const message = `unable to retrieve container logs for containerd://${id}`
    throw new HttpError(400, message, { cause })
  }
}
