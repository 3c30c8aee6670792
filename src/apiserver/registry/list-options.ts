import {
  errors,
  FieldPath,
  field,
  FieldSelector,
  parseFieldSelector,
  parseLabelSelector,
  type FieldError,
  type LabelSelector,
  type Resource,
} from '#machinery'
import type { Revision } from '#store'
import { selectableFieldPaths, type Filter } from '../cache/filter.ts'
import { isTrue, type RequestInfo } from '../request-info.ts'
import { readToken, type ContinueToken } from './continue-token.ts'

/** `metav1.ListOptions` as read from a query, checked. */
export interface ListOptions {
  readonly filter: Filter
  /** Undefined: unlimited. */
  readonly limit: number | undefined
  readonly continue: ContinueToken | undefined
  /** Undefined when not given; 0 is a value of its own: whatever is at hand. */
  readonly revision: Revision | undefined
  readonly match: 'Exact' | 'NotOlderThan' | undefined
  readonly timeoutSeconds: number | undefined
  readonly bookmarks: boolean
  readonly sendInitialEvents: boolean | undefined
}

export function readListOptions(
  resource: Resource,
  info: RequestInfo,
  query: URLSearchParams,
): ListOptions {
  const watching = info.verb === 'watch'
  const token = query.get('continue') ?? ''
  const match = query.get('resourceVersionMatch') ?? ''
  const initial = query.get('sendInitialEvents')
  const options: ListOptions = {
    filter: readFilter(resource, info, query),
    limit: readCount(query, 'limit'),
    continue: token === '' || watching ? undefined : readToken(token),
    revision: readRevision(query.get('resourceVersion')),
    match: match === 'Exact' || match === 'NotOlderThan' ? match : undefined,
    timeoutSeconds: readCount(query, 'timeoutSeconds'),
    bookmarks: isTrue(query.get('allowWatchBookmarks')),
    sendInitialEvents: initial === null ? undefined : isTrue(initial),
  }
  const problems = check(options, match, watching)
  if (problems.length > 0) {
    throw errors.invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', problems)
  }
  return options
}

/** The revision a read asks for; undefined when it names none. Throws a 400 for anything else. */
export function readRevision(text: string | null): Revision | undefined {
  if (text === null || text === '') return undefined
  if (!/^\d{1,16}$/.test(text) || !Number.isSafeInteger(Number(text))) {
    throw errors.badRequest(
      `invalid resource version ${JSON.stringify(text)}: it is a number the server gave out`,
    )
  }
  return Number(text)
}

/** The selectors of a list, watch or deletecollection. */
export function readFilter(resource: Resource, info: RequestInfo, query: URLSearchParams): Filter {
  const labels = query.get('labelSelector') ?? ''
  return {
    namespace: info.namespace,
    labels: labels === '' ? undefined : readLabels(labels),
    fields: readFields(resource, query.get('fieldSelector') ?? ''),
  }
}

function readLabels(text: string): LabelSelector {
  try {
    return parseLabelSelector(text)
  } catch (error) {
    throw errors.badRequest(error instanceof Error ? error.message : String(error), {
      cause: error,
    })
  }
}

function readFields(resource: Resource, text: string): FieldSelector | undefined {
  if (text === '') return undefined
  let selector: FieldSelector
  try {
    selector = parseFieldSelector(text)
  } catch (error) {
    throw errors.badRequest(error instanceof Error ? error.message : String(error), {
      cause: error,
    })
  }
  const known = selectableFieldPaths(resource)
  for (const { field: path } of selector.requirements) {
    if (!known.includes(path)) {
      throw errors.badRequest(`field label not supported: ${path}`)
    }
  }
  return selector
}

function readCount(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  if (text === null || text === '') return undefined
  const value = Number(text)
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value) || value < 0) {
    throw errors.badRequest(
      `invalid value ${JSON.stringify(text)} for query parameter ${name}: it must be a non-negative integer`,
    )
  }
  return value === 0 ? undefined : value
}

/** The relations between options, in upstream's words (ValidateListOptions). */
function check(options: ListOptions, match: string, watching: boolean): FieldError[] {
  const problems: FieldError[] = []
  const matchPath = FieldPath.root('resourceVersionMatch')
  const forbid = (path: FieldPath, why: string) => problems.push(field.forbidden(path, why))
  if (match !== '' && options.match === undefined) {
    problems.push(field.notSupported(matchPath, match, ['Exact', 'NotOlderThan', '']))
  }
  if (options.sendInitialEvents !== undefined) {
    const path = FieldPath.root('sendInitialEvents')
    if (!watching) forbid(path, 'sendInitialEvents is forbidden for list')
    else if (options.match !== 'NotOlderThan') {
      forbid(matchPath, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan')
    }
    return problems
  }
  if (match === '') return problems
  if (watching) forbid(matchPath, 'resourceVersionMatch is forbidden for watch')
  else {
    if (options.continue !== undefined) {
      forbid(matchPath, 'resourceVersionMatch is forbidden when continue is provided')
    }
    if (options.revision === undefined) {
      forbid(matchPath, 'resourceVersionMatch is forbidden unless resourceVersion is provided')
    } else if (options.revision === 0 && options.match === 'Exact') {
      forbid(matchPath, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"')
    }
  }
  return problems
}
