/** What a proxy subresource names: `scheme:name:port`, of which all but the name may be left out. */
export interface ProxyId {
  readonly name: string
  readonly port: string
}

export function parseProxyId(id: string): ProxyId {
  const parts = id.split(':')
  if (parts.length === 1) return { name: id, port: '' }
  if (parts.length === 2) return { name: parts[0] ?? '', port: parts[1] ?? '' }
  return { name: parts[1] ?? '', port: parts[2] ?? '' }
}
