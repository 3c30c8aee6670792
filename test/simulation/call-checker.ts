import { builtinResources } from '#api'
import type { Answer, ApiRequest, ListAnswer, Served, WatchAnswer, WatchEvent } from '#apiserver'
import { storagePrefix, type KubeObject } from '#machinery'
import type { Answering } from '#simulation'
import { describeChange, identity, typeOf, type Change, type History } from './history.ts'

/** Told of every broken promise, with what is needed to find it. */
export type Report = (problem: string) => void

/**
 * Compares what callers of the API are told with the history of the store. Stands at the caller's
 * end of the network, so that what the network does to calls is checked too.
 *
 * - What is in a reply or an event is durable by then, and never gets lost (nothing is
 *   acknowledged that is not in the history).
 * - Reads are linearizable: nobody is told of a state older than one that somebody was told of
 *   before the call began.
 * - A whole list is exactly the state of its version.
 * - A watch brings exactly the changes of the history from its version on, in their order, of
 *   their type and uid, and a bookmark leaves none out.
 */
export class CallChecker {
  readonly #history: History
  readonly #report: Report
  /** The newest version that anybody was told of. */
  #known = 0
  checked = 0

  constructor(history: History, report: Report) {
    this.#history = history
    this.#report = report
  }

  /** The same, checked; `who` is named in problems. */
  checking(who: string, inner: Answering): Answering {
    return {
      answer: async (request) => {
        const known = this.#known
        const target = targetOf(request)
        const answer = await inner.answer(request)
        if (target === undefined) return answer
        const say = (problem: string) =>
          this.#report(`${who}: ${request.method} ${request.path}: ${problem}`)
        return this.#check(answer, { request, target, known, say })
      },
    }
  }

  #check(answer: Answer, call: CheckedCall): Answer {
    this.checked++
    switch (answer.type) {
      case 'object':
        this.#checkObject(answer.served.object(), call)
        return answer
      case 'list': {
        const whole = { ...answer, items: [...answer.items] }
        this.#checkList(whole, call)
        return whole
      }
      case 'watch':
        return this.#checkedWatch(answer, call)
      case 'status':
        this.#checkAbsence(answer.code, call)
        return answer
      case 'document':
      case 'passed':
      case 'upgrade':
        return answer
    }
  }

  #checkObject(object: KubeObject, { request, target, known, say }: CheckedCall): void {
    const { resourceVersion = '', namespace, name = '', uid } = object.metadata
    if (resourceVersion === '' || request.query.has('dryRun')) return
    const revision = Number(resourceVersion)
    const key = keyOf(target.prefix, namespace, name)
    const change = this.#history.ofKey(key).find((each) => each.revision === revision)
    if (change === undefined || change.uid !== uid) {
      return say(`told of ${key} at ${revision}, uid ${uid}, which is not on the disk`)
    }
    const next = this.#history.ofKey(key).find((each) => each.revision > revision)
    if (next !== undefined && next.revision <= known) {
      say(`told of ${key} at ${revision}, but its change at ${next.revision} was known already`)
    }
    this.#learn(revision)
  }

  #checkList(list: ListAnswer & { readonly items: readonly Served[] }, call: CheckedCall): void {
    const { request, target, known, say } = call
    const revision = Number(list.resourceVersion)
    const { query } = request
    const begins = !query.has('continue') && !query.has('resourceVersion')
    if (begins && revision < known) say(`a list of ${revision}, though ${known} was known already`)
    if (revision > this.#history.revision) say(`a list of ${revision}, which is not on the disk`)
    const standing = this.#history
      .standingAt(target.prefix, revision)
      .filter(({ key }) => key.startsWith(target.scope))
    const stated = list.items.map((item) => identityOf(item.object(), target.prefix))
    const truth = standing.map(({ key, uid, revision }) => `${key} ${uid} ${revision}`)
    const selects = query.has('labelSelector') || query.has('fieldSelector')
    if (selects || query.has('continue')) {
      const there = new Set(truth)
      for (const item of stated) if (!there.has(item)) say(`${item} did not stand at ${revision}`)
    } else {
      const end = list.continue === '' ? undefined : stated.length
      const expected = truth.slice(0, end).join('\n')
      if (stated.join('\n') !== expected) {
        say(`the list of ${revision} is not the state then:\n${stated.join('\n')}\n—\n${expected}`)
      }
    }
    this.#learn(revision)
  }

  /** That an object is not there must have been so at some time since the call began. */
  #checkAbsence(code: number, { request, target, known, say }: CheckedCall): void {
    const { key } = target
    const plain = key !== undefined && !request.query.has('dryRun')
    const claims = (request.method === 'GET' && code === 404) || request.method === 'DELETE'
    if (!plain || !claims || (code !== 404 && code !== 200)) return
    const changes = this.#history.ofKey(key)
    const then = this.#history.at(key, known)
    const deletedSince = changes.some(({ revision, type }) => revision > known && type === 'delete')
    if (then?.type === 'put' && !deletedSince) say(`${code}, but ${key} has been there all along`)
  }

  #checkedWatch(answer: WatchAnswer, call: CheckedCall): WatchAnswer {
    const { query } = call.request
    const from = query.get('resourceVersion') ?? ''
    const initial = from === '' || from === '0' || query.get('sendInitialEvents') === 'true'
    if (initial) return answer
    const cursor = new WatchCursor(this.#history, call, Number(from))
    return {
      ...answer,
      open: (sink) =>
        answer.open({
          events: (events) => {
            for (const event of events) this.#learn(cursor.check(event))
            sink.events(events)
          },
          end: (error) => sink.end(error),
        }),
    }
  }

  #learn(revision: number): void {
    this.#known = Math.max(this.#known, revision)
  }
}

/** How far a watch has come along the history of its kind. */
class WatchCursor {
  readonly #changes: readonly Change[]
  readonly #history: History
  readonly #call: CheckedCall
  readonly #selects: boolean
  #next: number

  constructor(history: History, call: CheckedCall, from: number) {
    const { query } = call.request
    this.#history = history
    this.#call = call
    this.#changes = history.of(call.target.prefix)
    this.#selects = query.has('labelSelector') || query.has('fieldSelector')
    this.#next = this.#changes.findIndex(({ revision }) => revision > from)
    if (this.#next === -1) this.#next = this.#changes.length
  }

  /** The version that the watcher knows now. */
  check(event: WatchEvent): number {
    const { say, target } = this.#call
    const { type } = event
    const object = event.served.object()
    const revision = Number(object.metadata.resourceVersion)
    const told = identityOf(object, target.prefix)
    const isNext = (change: Change) => type !== 'BOOKMARK' && identity(change) === told
    const { missed, reached } = this.#goTo(isNext, revision)
    const what = type === 'BOOKMARK' ? `a bookmark at ${revision}` : `${type} ${told}`
    if (missed !== undefined) say(`${what} leaves out ${describeChange(missed)}`)
    if (revision > this.#history.revision) say(`${what} is not on the disk`)
    else if (type !== 'BOOKMARK' && reached === undefined) say(`${what} is not what happened next`)
    else if (reached !== undefined && !this.#selects && type !== typeOf(reached)) {
      say(`${what} was ${typeOf(reached)}`)
    }
    return revision
  }

  /**
   * Goes on to behind the change that is next, or behind the last one up to a revision. `missed` is
   * the first one on the way that the watcher should have seen.
   */
  #goTo(isNext: (change: Change) => boolean, upTo: number) {
    let missed: Change | undefined
    for (; this.#next < this.#changes.length; this.#next++) {
      const change = this.#changes[this.#next]
      if (change === undefined || change.revision > upTo) break
      if (isNext(change)) {
        this.#next++
        return { missed, reached: change }
      }
      const concerns = change.key.startsWith(this.#call.target.scope)
      if (concerns && !this.#selects) missed ??= change
    }
    return { missed, reached: undefined }
  }
}

interface CheckedCall {
  readonly request: ApiRequest
  readonly target: Target
  /** The newest version anybody knew when the call began. */
  readonly known: number
  readonly say: Report
}

interface Target {
  /** Of the kind. */
  readonly prefix: string
  /** Of what was asked for: the prefix, and the namespace. */
  readonly scope: string
  /** Of the one object, where it is about that alone. */
  readonly key: string | undefined
}

/** What a request is about; undefined where that is no stored kind. */
function targetOf({ path }: ApiRequest): Target | undefined {
  const parts = path.split('/').slice(1).map(decodeURIComponent)
  const [root, ...rest] = parts
  if (root !== 'api' && root !== 'apis') return undefined
  const group = root === 'api' ? '' : (rest.shift() ?? '')
  const version = rest.shift() ?? ''
  let namespace: string | undefined
  if (rest[0] === 'namespaces' && rest[2] !== undefined && !namespaceParts.has(rest[2])) {
    namespace = rest[1]
    rest.splice(0, 2)
  }
  const [plural = '', name, subresource] = rest
  const prefix = prefixes.get(`${group}/${version}/${plural}`)
  if (prefix === undefined) return undefined
  const scope = namespace === undefined ? prefix : `${prefix}${namespace}/`
  const alone = name !== undefined && subresource === undefined
  return { prefix, scope, key: alone ? `${scope}${name}` : undefined }
}

const namespaceParts: ReadonlySet<string> = new Set(['status', 'finalize'])

const prefixes = new Map(
  builtinResources
    .filter(({ verbs }) => verbs.has('watch'))
    .flatMap((resource) =>
      resource.faces.map(
        ({ group, version }) =>
          [`${group}/${version}/${resource.name}`, storagePrefix(resource)] as const,
      ),
    ),
)

function keyOf(prefix: string, namespace: string | undefined, name: string): string {
  return namespace === undefined ? `${prefix}${name}` : `${prefix}${namespace}/${name}`
}

function identityOf({ metadata }: KubeObject, prefix: string): string {
  const { namespace, name = '', uid, resourceVersion } = metadata
  return `${keyOf(prefix, namespace, name)} ${uid} ${resourceVersion}`
}
