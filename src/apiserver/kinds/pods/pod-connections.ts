import type { Node, Pod } from '#api'
import { errors } from '#machinery'
import { parsePort, type CommandWants } from '#streaming'
import { forbiddenError, type Authorizer } from '../../authorization/authorizer.ts'
import { bytesOverWebSocket } from '../../encoding/web-socket.ts'
import type { Lookup } from '../../lookup.ts'
import type { Registry } from '../../registry/call.ts'
import type { Answer } from '../../request.ts'
import { attributesOf } from '../../stages/attributes.ts'
import { querySwitch } from '../connect-query.ts'
import type { NodeConnections } from '../node-connections.ts'
import { proxiedPath } from '../proxied-path.ts'
import { parseProxyId } from '../proxy-id.ts'
import { isProxyable } from '../proxyable.ts'
import type { SubresourceCall } from '../subresource.ts'
import { chosenContainer } from './container-choice.ts'
import { logOptions } from './log-options.ts'

const pods = { group: '', resource: 'pods' }
const nodes = { group: '', resource: 'nodes' }

interface Dependencies {
  readonly lookup: Lookup
  readonly authorizer: Authorizer
  readonly nodes: NodeConnections
  readonly registry: Pick<Registry, 'clock' | 'random'>
}

/** The subresources that end on the pod's kubelet, or in the pod. */
export function podConnections(dependencies: Dependencies) {
  const { lookup, authorizer, registry, nodes: connections } = dependencies
  const podNamed = (namespace: string, name: string): Pod => {
    const pod = lookup.get<Pod>(pods, namespace, name)
    if (pod === undefined) throw errors.notFound(pods, name)
    return pod
  }
  const podOf = ({ info }: SubresourceCall): Pod => podNamed(info.namespace, info.name)
  const nodeOf = ({ metadata, spec }: Pod): Node => {
    const name = spec.nodeName ?? ''
    if (name === '') {
      throw errors.badRequest(`pod ${metadata.name ?? ''} does not have a host assigned`)
    }
    const node = lookup.get<Node>(nodes, '', name)
    if (node === undefined) throw errors.notFound(nodes, name)
    return node
  }
  const command = (kubeletPath: string) => async (call: SubresourceCall) => {
    const { query } = call.request
    mayCreate(call, authorizer)
    const pod = podOf(call)
    const container = chosenContainer(pod, query.get('container') ?? '')
    const node = nodeOf(pod)
    mustUpgrade(call)
    const wants = commandWants(query)
    const path = pathOf(kubeletPath, pod, container, commandQuery(query, wants))
    return connections.command({ node, path, wants, call })
  }
  return {
    exec: command('exec'),
    attach: command('attach'),
    async portforward(call: SubresourceCall): Promise<Answer> {
      mayCreate(call, authorizer)
      const pod = podOf(call)
      const node = nodeOf(pod)
      mustUpgrade(call)
      const ports = portsOf(call.request.query)
      const query = new URLSearchParams(ports.length === 0 ? {} : { port: ports.join(',') })
      const path = pathOf('portForward', pod, undefined, query)
      return connections.portForward({ node, path, ports, call })
    },
    async log(call: SubresourceCall): Promise<Answer> {
      const { query, insecure } = logOptions(call.info.name, call.request.query)
      const pod = podOf(call)
      const container = chosenContainer(pod, call.request.query.get('container') ?? '')
      // A pod without a node has not said anything.
      if ((pod.spec.nodeName ?? '') === '') return noLogs
      const path = pathOf('containerLogs', pod, container, query)
      const answer = await connections.log({ node: nodeOf(pod), path, insecure, call })
      const carried = call.request.upgrade === 'websocket' && answer.type === 'passed'
      return carried ? bytesOverWebSocket(answer.body, registry) : answer
    },
    async proxy(call: SubresourceCall): Promise<Answer> {
      const { info, request } = call
      const { scheme, name, port } = parseProxyId('pod', info.name)
      const pod = podNamed(info.namespace, name)
      const host = pod.status.podIP ?? ''
      if (!isProxyable(host)) throw errors.badRequest('address not allowed')
      const first = pod.spec.containers?.flatMap(({ ports = [] }) => ports)[0]?.containerPort
      const own = first === undefined ? undefined : String(first)
      const target = { type: 'address', scheme, host, port: port === '' ? own : port } as const
      return connections.proxy(target, proxiedPath(request.path, info), call)
    },
  }
}

const noLogs: Answer = {
  type: 'document',
  code: 200,
  contentType: 'text/plain',
  bytes: new Uint8Array(),
}

function pathOf(
  kubeletPath: string,
  { metadata: { namespace = '', name = '' } }: Pod,
  container: string | undefined,
  query: URLSearchParams,
): string {
  const of = container === undefined ? '' : `/${container}`
  const search = query.size === 0 ? '' : `?${query.toString()}`
  return `/${kubeletPath}/${namespace}/${name}${of}${search}`
}

/**
 * A WebSocket begins with a GET, for which less is needed than for what it does here: so whatever the
 * method, its user must be allowed to create.
 */
function mayCreate({ request, info, user }: SubresourceCall, authorizer: Authorizer): void {
  if (info.verb === 'create') return
  const attributes = attributesOf(user, { ...info, verb: 'create' }, request)
  const { decision, reason } = authorizer.authorize(attributes)
  if (decision !== 'allow') throw forbiddenError(attributes, reason)
}

/** Commands and ports need another protocol. */
function mustUpgrade({ request }: SubresourceCall): void {
  if (request.upgrade === undefined) throw errors.badRequest('Upgrade request required')
}

/** What is not asked for is not wanted. */
function commandWants(query: URLSearchParams): CommandWants {
  const tty = querySwitch(query, 'tty')
  return {
    stdin: querySwitch(query, 'stdin'),
    stdout: querySwitch(query, 'stdout'),
    stderr: !tty && querySwitch(query, 'stderr'),
    tty,
  }
}

/** Under the names that kubelets know. */
function commandQuery(query: URLSearchParams, wants: CommandWants): URLSearchParams {
  const asked = new URLSearchParams()
  if (wants.stdin) asked.set('input', '1')
  if (wants.stdout) asked.set('output', '1')
  if (wants.stderr) asked.set('error', '1')
  if (wants.tty) asked.set('tty', '1')
  for (const word of query.getAll('command')) asked.append('command', word)
  return asked
}

function portsOf(query: URLSearchParams): readonly number[] {
  return query.getAll('ports').flatMap((list) =>
    list.split(',').map((text) => {
      const port = parsePort(text)
      if (port === undefined) throw errors.badRequest(`invalid port ${JSON.stringify(text)}`)
      return port
    }),
  )
}
