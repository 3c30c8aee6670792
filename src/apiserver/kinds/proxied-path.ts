import type { RequestInfo } from '../request-info.ts'

/** The path of a proxy request, taken apart. Both parts are as the client has encoded them. */
export interface ProxiedPath {
  /** What leads to the place: up to `/proxy`. */
  readonly prefix: string
  /** What is asked for there, from '/' on; '' where the client has not said so much as that. */
  readonly path: string
}

/** Steps up and down, and empty ones, are resolved, so that nothing leads out of the place. */
// Differs from Kubernetes: what is percent-encoded stays so, where upstream decodes it first.
export function proxiedPath(path: string, info: RequestInfo): ProxiedPath {
  let at = 0
  for (let left = segmentsBefore(info); left > 0; left--) {
    while (path[at] === '/') at++
    while (at < path.length && path[at] !== '/') at++
  }
  const prefix = path.slice(0, at)
  const rest = path.slice(at)
  if (rest === '') return { prefix, path: '' }
  const kept: string[] = []
  for (const segment of rest.split('/')) {
    const plain = segment.replaceAll(/%2e/gi, '.')
    if (plain === '..') kept.pop()
    else if (plain !== '.' && plain !== '') kept.push(segment)
  }
  const end = rest.endsWith('/') && kept.length > 0 ? '/' : ''
  return { prefix, path: `/${kept.join('/')}${end}` }
}

/** Of `/api/v1/namespaces/<namespace>/<resource>/<name>/proxy`, the namespace where there is one. */
function segmentsBefore(info: RequestInfo): number {
  return info.namespace === '' ? 5 : 7
}
