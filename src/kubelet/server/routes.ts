import { HttpError } from './reply.ts'

/** What the path of a request to the kubelet means. */
export type Route =
  | { readonly type: 'attach' | 'exec' | 'run'; readonly target: ContainerTarget }
  | { readonly type: 'configz' | 'pods' | 'runningPods' | 'statsSummary' }
  | { readonly type: 'containerLogs'; readonly target: ContainerTarget }
  | { readonly type: 'healthz'; readonly check: string | undefined }
  | { readonly type: 'logs'; readonly path: string }
  | { readonly type: 'metrics'; readonly of: 'cadvisor' | 'kubelet' | 'probes' | 'resource' }
  | { readonly type: 'portForward'; readonly target: PodTarget }

export interface PodTarget {
  readonly namespace: string
  readonly pod: string
  /** Where the path names one: the pod must be that very one. */
  readonly uid: string | undefined
}

export interface ContainerTarget extends PodTarget {
  readonly container: string
}

/** Finds the route. Throws an HttpError: 404, or 405 where the path has other methods. */
export function routeOf(method: string, path: string): Route {
  const parts = path.split('/').slice(1).map(decode)
  if (parts.at(-1) === '') parts.pop()
  const found = match(parts)
  if (found === undefined) throw new HttpError(404, '404: Page Not Found')
  if (!methodsOf(found).includes(method)) throw new HttpError(405, '405: Method Not Allowed')
  return found
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch (cause) {
    throw new HttpError(400, `the path is not well encoded: ${part}`, { cause })
  }
}

function methodsOf({ type }: Route): readonly string[] {
  if (type === 'run') return ['POST']
  return type === 'exec' || type === 'attach' || type === 'portForward' ? ['GET', 'POST'] : ['GET']
}

function match(parts: readonly string[]): Route | undefined {
  const [first = '', ...rest] = parts
  const [only] = rest
  const none = rest.length === 0
  switch (first) {
    case 'pods':
      return none ? { type: 'pods' } : undefined
    case 'runningpods':
      return none ? { type: 'runningPods' } : undefined
    case 'configz':
      return none ? { type: 'configz' } : undefined
    case 'stats':
      return only === 'summary' && rest.length === 1 ? { type: 'statsSummary' } : undefined
    case 'healthz':
      return rest.length <= 1 ? { type: 'healthz', check: only } : undefined
    case 'metrics':
      return rest.length <= 1 ? metrics(only) : undefined
    case 'logs':
      return { type: 'logs', path: rest.join('/') }
    case 'containerLogs': {
      const target = rest.length === 3 ? containerTarget(rest) : undefined
      return target && { type: 'containerLogs', target }
    }
    case 'exec':
    case 'attach':
    case 'run': {
      const target = containerTarget(rest)
      return target && { type: first, target }
    }
    case 'portForward': {
      const [namespace = '', pod = '', uid] = rest
      if (rest.length < 2 || rest.length > 3) return undefined
      return { type: 'portForward', target: { namespace, pod, uid } }
    }
    default:
      return undefined
  }
}

function metrics(of: string | undefined): Route | undefined {
  if (of === undefined) return { type: 'metrics', of: 'kubelet' }
  if (of !== 'cadvisor' && of !== 'probes' && of !== 'resource') return undefined
  return { type: 'metrics', of }
}

/** Namespace, pod, perhaps its uid, container. */
function containerTarget(parts: readonly string[]): ContainerTarget | undefined {
  const [namespace = '', pod = '', third = '', fourth] = parts
  if (parts.length === 3) return { namespace, pod, uid: undefined, container: third }
  if (parts.length !== 4 || fourth === undefined) return undefined
  return { namespace, pod, uid: third, container: fourth }
}
