import { errors } from '#machinery'

/** What a path and method ask for, after upstream's RequestInfo. */
export interface RequestInfo {
  readonly isResourceRequest: boolean
  readonly path: string
  /** API verbs for resources (get, list, watch, create, …); the lower-case method elsewhere. */
  readonly verb: string
  /** '' or 'apis' requests of the core group have prefix 'api'. */
  readonly apiPrefix: string
  readonly apiGroup: string
  readonly apiVersion: string
  readonly namespace: string
  readonly resource: string
  readonly subresource: string
  readonly name: string
  /** What follows the subresource: a path to proxy. */
  readonly rest: string
}

const verbs: Readonly<Record<string, string>> = {
  POST: 'create',
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
}

/** Subresources of namespaces; anything else behind a namespace's name is a resource in it. */
const namespaceSubresources: ReadonlySet<string> = new Set(['status', 'finalize'])

/** Reads method, path and query. Throws a 400 for a path that cannot be decoded. */
export function requestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  const parts = splitPath(path)
  const base: RequestInfo = {
    isResourceRequest: false,
    path,
    verb: method.toLowerCase(),
    apiPrefix: '',
    apiGroup: '',
    apiVersion: '',
    namespace: '',
    resource: '',
    subresource: '',
    name: '',
    rest: '',
  }
  const prefix = parts[0]
  if (prefix !== 'api' && prefix !== 'apis') return base
  const grouped = prefix === 'apis'
  if (parts.length < (grouped ? 4 : 3)) return { ...base, apiPrefix: prefix }
  const apiGroup = grouped ? (parts[1] ?? '') : ''
  const apiVersion = parts[grouped ? 2 : 1] ?? ''
  let rest = parts.slice(grouped ? 3 : 2)
  let verb = verbs[method] ?? ''

  // The old watch form: /api/v1/watch/namespaces/x/pods.
  const oldWatch = rest[0] === 'watch' && rest.length > 1
  if (oldWatch) rest = rest.slice(1)

  let namespace = ''
  if (rest[0] === 'namespaces') {
    namespace = rest[1] ?? ''
    if (rest.length > 2 && !namespaceSubresources.has(rest[2] ?? '')) rest = rest.slice(2)
  }
  const [resource = '', name = '', subresource = ''] = rest
  if (name === '' && verb === 'get') verb = 'list'
  if (name === '' && verb === 'delete') verb = 'deletecollection'
  if (oldWatch) verb = 'watch'
  else if (
    (verb === 'list' || (verb === 'get' && subresource === '')) &&
    isTrue(query.get('watch'))
  ) {
    verb = verb === 'list' ? 'watch' : verb
  }
  // A list or watch of one name by selector is authorized as that name.
  const selected = name === '' && selectsVerb.has(verb) ? nameInSelector(query) : ''
  return {
    ...base,
    isResourceRequest: true,
    verb,
    apiPrefix: prefix,
    apiGroup,
    apiVersion,
    namespace,
    resource,
    subresource,
    name: name === '' ? selected : name,
    rest: rest.slice(3).join('/'),
  }
}

const selectsVerb: ReadonlySet<string> = new Set(['list', 'watch', 'deletecollection'])

function nameInSelector(query: URLSearchParams): string {
  const selector = query.get('fieldSelector') ?? ''
  const match = /(?:^|,)metadata\.name==?([^,=!\\]+)(?:,|$)/.exec(selector)
  return match?.[1] ?? ''
}

function splitPath(path: string): string[] {
  try {
    const parts = path.split('/').filter((part) => part !== '')
    return path.includes('%') ? parts.map(decodeURIComponent) : parts
  } catch (error) {
    throw errors.badRequest('the request path is not validly percent-encoded', { cause: error })
  }
}

export function isTrue(value: string | null): boolean {
  return value !== null && value !== '' && value !== 'false' && value !== '0'
}

/** Requests that last as long as their client wants. */
export function isConnect({ subresource }: RequestInfo): boolean {
  return connectSubresources.has(subresource)
}

const connectSubresources: ReadonlySet<string> = new Set([
  'attach',
  'exec',
  'log',
  'portforward',
  'proxy',
])
