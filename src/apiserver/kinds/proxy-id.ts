import { errors, quote } from '#machinery'

/** What a proxy subresource names: `scheme:name:port`, of which all but the name may be left out. */
export interface ProxyId {
  readonly scheme: 'http' | 'https'
  readonly name: string
  readonly port: string
}

/** Throws a 400 that names the `kind` of what cannot be read. */
export function parseProxyId(kind: 'node' | 'pod' | 'service', id: string): ProxyId {
  const parts = id.split(':')
  const [scheme, name, port] =
    parts.length >= 3 ? parts : ['', parts[0], parts.length === 2 ? parts[1] : '']
  const known = scheme === '' || scheme === 'http' || scheme === 'https'
  if (!known || name === undefined || name === '' || parts.length > 3) {
    throw errors.badRequest(`invalid ${kind} request ${quote(id)}`)
  }
  return { scheme: scheme === 'https' ? 'https' : 'http', name, port: port ?? '' }
}
