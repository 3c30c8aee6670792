/** Where a page or redirect was fetched, and where its reader sees it. */
export interface Rewriting {
  /** The path that leads to the place's root: `/api/v1/namespaces/x/services/y/proxy`. */
  readonly prefix: string
  /** The place's own HOST:PORT, and what the request called it. Links there lead back to it. */
  readonly hosts: readonly string[]
}

/**
 * A reference (RFC 3986) of a proxied page as its reader must write it: what is absolute on its own
 * host gets the prefix; what is relative, or leads elsewhere, stays.
 */
export function rewriteUrl(reference: string, { prefix, hosts }: Rewriting): string {
  const parts = /^(?:[a-z][a-z0-9+.-]*:)?(?:\/\/([^/?#]*))?([^?#]*)(.*)$/is.exec(reference)
  const [, host = '', path = '', rest = ''] = parts ?? []
  if (host !== '' && !hosts.includes(host)) return reference
  if (!path.startsWith('/')) return reference
  const within = path === prefix || path.startsWith(`${prefix}/`)
  return `${within ? '' : prefix}${path}${rest}`
}
