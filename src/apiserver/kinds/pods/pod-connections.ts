import type { Pod } from '#api'
import { errors } from '#machinery'
import type { Lookup } from '../../lookup.ts'
import type { Answer } from '../../request.ts'
import type { NodeConnections } from '../node-connections.ts'
import { parseProxyId } from '../proxy-id.ts'
import type { SubresourceCall } from '../subresource.ts'

const pods = { group: '', resource: 'pods' }

/** The subresources that end on the pod's kubelet. */
export function podConnections(lookup: Lookup, nodes: NodeConnections) {
  const podOf = ({ info }: SubresourceCall): Pod => {
    const pod = lookup.get<Pod>(pods, info.namespace, info.name)
    if (pod === undefined) throw errors.notFound(pods, info.name)
    return pod
  }
  const stream = (kubeletPath: string, ofContainer: boolean) => async (call: SubresourceCall) => {
    const pod = podOf(call)
    const container = ofContainer ? `/${containerOf(pod, call)}` : ''
    const node = pod.spec.nodeName ?? ''
    if (node === '') {
      throw errors.badRequest(`pod ${call.info.name} does not have a host assigned`)
    }
    const { namespace, name } = call.info
    const path = `/${kubeletPath}/${namespace}/${name}${container}`
    return nodes.kubelet({ node, path: withQuery(path, call), call })
  }
  return {
    exec: stream('exec', true),
    attach: stream('attach', true),
    portforward: stream('portForward', false),
    async log(call: SubresourceCall): Promise<Answer> {
      const pod = podOf(call)
      const container = containerOf(pod, call)
      const node = pod.spec.nodeName ?? ''
      // A pod without a node has not said anything.
      if (node === '') return noLogs
      const { namespace, name } = call.info
      const path = `/containerLogs/${namespace}/${name}/${container}`
      return nodes.kubelet({ node, path: withQuery(path, call), call })
    },
    async proxy(call: SubresourceCall): Promise<Answer> {
      const { name, port } = parseProxyId(call.info.name)
      const pod = podOf({ ...call, info: { ...call.info, name } })
      const host = pod.status.podIP ?? ''
      if (host === '') throw errors.badRequest('address not allowed')
      const first = pod.spec.containers?.flatMap(({ ports = [] }) => ports)[0]?.containerPort
      return nodes.address(host, port || String(first ?? 80), call.info.rest, call)
    },
  }
}

const noLogs: Answer = {
  type: 'document',
  code: 200,
  contentType: 'text/plain',
  bytes: new Uint8Array(),
}

function withQuery(path: string, { request }: SubresourceCall): string {
  const query = request.query.toString()
  return query === '' ? path : `${path}?${query}`
}

/** The container the query names, or the only one there is. */
function containerOf({ metadata, spec }: Pod, { request }: SubresourceCall): string {
  const name = metadata.name ?? ''
  const containers = (spec.containers ?? []).map((container) => container.name)
  const inits = (spec.initContainers ?? []).map((container) => container.name)
  const ephemeral = (spec.ephemeralContainers ?? []).map((container) => container.name)
  const asked = request.query.get('container') ?? ''
  if (asked !== '') {
    if ([...containers, ...inits, ...ephemeral].includes(asked)) return asked
    throw errors.badRequest(`container ${asked} is not valid for pod ${name}`)
  }
  const [only = '', ...others] = containers
  if (others.length === 0) return only
  const also = inits.length === 0 ? '' : ` or one of the init containers: [${inits.join(' ')}]`
  throw errors.badRequest(
    `a container name must be specified for pod ${name}, choose one of: [${containers.join(' ')}]${also}`,
  )
}
