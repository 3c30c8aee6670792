import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { seededRandom, silentLog, type Log, type Random } from '#base'
import { resourceFromDocument } from '#machinery'
import { apiRequest, testServer, type TestServer } from '../../src/apiserver/testing/server.ts'
import { widgets } from '../../src/apiserver/testing/widgets.ts'
import { kinds } from './kinds.ts'
import {
  chance,
  damaged,
  mutated,
  operations,
  pick,
  render,
  type Loose,
  type LooseObject,
} from './mutations.ts'

/**
 * Requests that nobody should send, by the ten thousand. None is answered with a failure of the
 * server's, none that is refused leaves a trace, and afterwards everything is as it should be. A
 * failure names the seed and the request: `FUZZ_SEED=7 FUZZ_ROUNDS=100000` repeats and goes further.
 */
const seed = Number(process.env['FUZZ_SEED'] ?? 1)
const rounds = Number(process.env['FUZZ_ROUNDS'] ?? 20_000)

const random = seededRandom(seed)
const failures: string[] = []
const log: Log = {
  ...silentLog,
  error: (message, fields) => void failures.push(`${message}: ${stackOf(fields?.['error'])}`),
}
let server: TestServer | undefined

before(async () => {
  server = await testServer({ log })
  await server.server.addResource(resourceFromDocument(widgets()))
  const account = { metadata: { name: 'default' } }
  await server.request('POST', '/api/v1/namespaces/default/serviceaccounts', { body: account })
})
after(() => server?.[Symbol.asyncDispose]())

const subresources = [
  'status',
  'scale',
  'binding',
  'eviction',
  'token',
  'finalize',
  'approval',
  'resize',
  'ephemeralcontainers',
  'log',
  'exec',
  'proxy',
  'nothing',
  'constructor',
  '__proto__',
]

const contentTypes = [
  'application/json',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
  'text/plain',
  '',
  'application/json;charset=\u0000',
  '__proto__',
]

const accepts = [
  'application/json',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
  'application/json;as=Table;v=v1;g=meta.k8s.io',
  'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
  'application/json;as=__proto__;v=v1;g=meta.k8s.io',
  '*/*;q=x',
  ',;,=',
  '',
]

const parameters = [
  'labelSelector',
  'fieldSelector',
  'limit',
  'continue',
  'resourceVersion',
  'resourceVersionMatch',
  'sendInitialEvents',
  'allowWatchBookmarks',
  'timeoutSeconds',
  'watch',
  'dryRun',
  'fieldManager',
  'fieldValidation',
  'force',
  'gracePeriodSeconds',
  'propagationPolicy',
  'orphanDependents',
  'includeObject',
  'pretty',
]

const parameterValues = [
  '',
  '0',
  '1',
  '-1',
  'true',
  'false',
  'All',
  'Strict',
  'Ignore',
  'Exact',
  'NotOlderThan',
  'Foreground',
  'abc',
  '99999999999999999999',
  '9007199254740991',
  '1e9',
  'a=b',
  'a in (b,c',
  'a notin ()',
  '!a,,b',
  'metadata.name=a',
  'metadata.name=\\',
  'status.phase==',
  '__proto__=a',
  'a\u0000b',
  'x'.repeat(5_000),
  'eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJhIn0',
  'eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsInN0YXJ0IjoieiJ9',
  'eyJydiI6e319',
]

interface Attempt {
  readonly method: string
  readonly target: string
  readonly body: Uint8Array | undefined
  readonly contentType: string
  readonly accept: string
  readonly headers: Readonly<Record<string, string>>
  readonly anonymous: boolean
}

test(`malformed requests change nothing and break nothing (seed ${seed})`, async () => {
  const { store } = up()
  const problems: string[] = []
  for (let round = 0; round < rounds; round++) {
    if (round % 250 === 0) await replant()
    const attempt = makeAttempt(random)
    const before = (await store.status()).revision
    const code = await send(attempt)
    const name = `seed ${seed}, round ${round}: ${describe(attempt)}`
    if (code >= 500 && code !== 503 && code !== 504) failures.push(String(code))
    if (code >= 400 && (await store.status()).revision !== before) failures.push('left a trace')
    problems.push(...failures.splice(0).map((failure) => `${failure}\n${name}`))
    assert.ok(problems.length < 10, problems.join('\n\n'))
  }
  assert.deepEqual(problems, [])
  await checkCache()
  assert.deepEqual(Object.keys(Object.prototype), [])
  assert.equal(Reflect.get({}, 'polluted'), undefined)
  assert.equal(Reflect.get([], 'polluted'), undefined)
  const after = await up().request('POST', '/api/v1/namespaces/default/configmaps', {
    body: { metadata: { name: 'afterwards' }, data: { still: 'alive' } },
  })
  assert.equal(after.code, 201, after.text)
})

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

function up(): TestServer {
  assert.ok(server !== undefined, 'the server is up')
  return server
}

/** Good objects for bad requests to be about. */
async function replant(): Promise<void> {
  for (const [collection, content] of kinds) {
    const body = { metadata: { name: 'a' }, ...content }
    await inTime(up().request('POST', collection, { body }), () => collection)
  }
}

function makeAttempt(random: Random): Attempt {
  const [collection, content] = pick(random, kinds)
  const good: LooseObject = {
    ...(chance(random, 0.3) ? { apiVersion: 'v1', kind: 'Pod' } : {}),
    metadata: {
      name: 'a',
      labels: { a: 'b' },
      annotations: { '10': 'x' },
      finalizers: ['example.com/a'],
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'a', uid: 'u' }],
    },
    ...content,
  }
  const method = pick(random, ['POST', 'POST', 'PUT', 'PATCH', 'PATCH', 'PATCH', 'GET', 'DELETE'])
  const contentType =
    method === 'PATCH' && chance(random, 0.95)
      ? pick(random, contentTypes.slice(3, 7))
      : chance(random, 0.85)
        ? 'application/json'
        : pick(random, contentTypes)
  return {
    method: chance(random, 0.01) ? pick(random, ['OPTIONS', 'HEAD', 'TRACE', 'X']) : method,
    target: makeTarget(random, collection, method),
    body: makeBody(random, method, contentType, good),
    contentType,
    accept: chance(random, 0.8) ? 'application/json' : pick(random, accepts),
    headers: makeHeaders(random),
    anonymous: chance(random, 0.03),
  }
}

function makeTarget(random: Random, collection: string, method: string): string {
  let path = collection
  if (method !== 'POST' || chance(random, 0.2)) {
    if (chance(random, 0.9)) path += '/a'
    if (chance(random, 0.2)) path += `/${pick(random, subresources)}`
  }
  if (chance(random, 0.05)) path = damagedPath(random, path)
  const query = new URLSearchParams()
  if (method === 'PATCH' && chance(random, 0.6)) query.set('fieldManager', 'fuzz')
  while (chance(random, 0.3)) {
    query.append(pick(random, parameters), pick(random, parameterValues))
  }
  return query.size === 0 ? path : `${path}?${query.toString()}`
}

function damagedPath(random: Random, path: string): string {
  const parts = path.split('/')
  const wrong = ['', '..', '%', '%zz', '%2F', '%00', '__proto__', 'v9', '%ff', 'x'.repeat(3_000)]
  parts[random.integer(parts.length)] = pick(random, wrong)
  return parts.join('/') || '/'
}

function makeBody(
  random: Random,
  method: string,
  contentType: string,
  good: LooseObject,
): Uint8Array | undefined {
  if (method === 'GET') return undefined
  let body: Loose
  if (method === 'DELETE') {
    if (chance(random, 0.3)) return undefined
    body = mutated(random, {
      gracePeriodSeconds: 0,
      preconditions: { uid: 'a', resourceVersion: '1' },
      propagationPolicy: 'Orphan',
      dryRun: ['All'],
    })
  } else if (contentType === 'application/json-patch+json') body = operations(random, good)
  else body = mutated(random, good)
  return damaged(random, render(random, body))
}

function makeHeaders(random: Random): Record<string, string> {
  if (!chance(random, 0.03)) return {}
  const name = pick(random, [
    'authorization',
    'impersonate-user',
    'impersonate-group',
    'impersonate-uid',
    'impersonate-extra-a%zz',
    'user-agent',
    'cookie',
  ])
  const value = pick(random, ['', 'Bearer ', 'Bearer a.b.c', 'Bearer \u0000', 'Basic x', 'a'])
  return { [name]: value }
}

/** The code of the answer, read to its end. */
async function send(attempt: Attempt): Promise<number> {
  const abort = new AbortController()
  const request = { ...apiRequest(attempt.method, attempt.target, attempt), signal: abort.signal }
  const answered = up().server.serve(request)
  const { code, body } = await inTime(answered, () => describe(attempt))
  if (body.type === 'chunks') Buffer.concat([...body.chunks])
  if (body.type === 'stream') {
    const sink = {
      write: () => true,
      pendingBytes: 0,
      whenTaken: (run: () => void) => queueMicrotask(run),
      end() {},
    }
    body.open(sink).close()
  }
  abort.abort()
  return code
}

/** Lets time pass for those who wait for what will not come. */
async function inTime<T>(answered: Promise<T>, name: () => string): Promise<T> {
  const { clock } = up()
  const state = { done: false }
  const done = () => (state.done = true)
  answered.then(done, done)
  for (let turns = 0; !state.done; turns++) {
    assert.ok(turns < 500, `no answer: ${name()}`)
    await clock.yield()
    if (turns > 20) clock.advance(1_000)
  }
  return answered
}

/** What the cache shows is what the store holds, with the version of its last write. */
async function checkCache(): Promise<void> {
  const { store } = up()
  const { records } = await store.range({ start: '/registry/', end: '/registry0' })
  const stored = new Map<string, Stored>()
  for (const { value, modRevision } of records) {
    const object: Stored = JSON.parse(Buffer.from(value).toString())
    if (object.metadata !== undefined) stored.set(String(object.metadata['uid']), object)
    Object.assign(object.metadata ?? {}, { resourceVersion: String(modRevision) })
  }
  let compared = 0
  for (const [collection] of kinds) {
    const { code, object } = await up().request('GET', collection)
    if (code !== 200) continue
    for (const { kind: _, apiVersion: __, ...shown } of object.items) {
      const { kind, apiVersion = '', ...held } = stored.get(shown.metadata.uid ?? '') ?? {}
      // Another face of a kind shows the same object in another form.
      if (!collection.startsWith(apiVersion === 'v1' ? '/api/v1/' : `/apis/${apiVersion}/`))
        continue
      assert.deepEqual(shown, held, `${kind} ${shown.metadata.name}`)
      compared++
    }
  }
  assert.ok(compared > 30, `only ${compared} objects are left to compare`)
}

interface Stored {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata?: Readonly<Record<string, unknown>>
}

function describe({ method, target, contentType, accept, headers, body }: Attempt): string {
  const text = body === undefined ? '' : Buffer.from(body).toString().slice(0, 1_500)
  return `${method} ${target.slice(0, 500)} ${contentType} ${accept} ${JSON.stringify(headers)} ${text}`
}
