import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seededRandom, silentLog, VirtualClock } from '#base'
import { errors, type KubeObject } from '#machinery'
import type { List } from './client.ts'
import type { ListOptions, WatchOptions } from './options.ts'
import { reflect, type Reflected } from './reflector.ts'
import type { WatchReceiver } from './transport.ts'
import { Watch } from './watch.ts'

type Answer = List<KubeObject> | Error

const thing = (name: string, version: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: { name, resourceVersion: version },
})

const page = (items: readonly KubeObject[], version: string, next?: string): Answer => ({
  apiVersion: 'v1',
  kind: 'ThingList',
  metadata: { resourceVersion: version, ...(next === undefined ? {} : { continue: next }) },
  items,
})

/** A server that answers as the test says, and keeps what it was asked and what came of it. */
class Script implements Reflected<KubeObject> {
  readonly asked: string[] = []
  readonly told: string[] = []
  readonly clock = new VirtualClock()
  readonly #answers: Answer[]
  readonly #stop = new AbortController()
  readonly #running: Promise<unknown>
  stream: WatchReceiver | undefined

  constructor(...answers: Answer[]) {
    this.#answers = answers
    this.#running = reflect<KubeObject>(
      {
        source: this,
        target: {
          replace: async (objects) => void this.told.push(`replace ${names(objects)}`),
          set: (object) => void this.told.push(`set ${names([object])}`),
          delete: (object) => void this.told.push(`delete ${names([object])}`),
        },
        select: { labelSelector: 'a=b' },
        clock: this.clock,
        random: seededRandom(1),
        log: silentLog,
      },
      this.#stop.signal,
    ).catch((error: unknown) => error)
  }

  async list({ limit, continue: token }: ListOptions): Promise<List<KubeObject>> {
    this.asked.push(`list ${limit} ${token ?? ''}`.trim())
    const answer = this.#answers.shift() ?? new Error('unexpected list')
    if (answer instanceof Error) throw answer
    return answer
  }

  watch({ resourceVersion, timeoutSeconds = 0 }: WatchOptions): Watch<KubeObject> {
    assert.ok(timeoutSeconds >= 300 && timeoutSeconds < 600)
    this.asked.push(`watch ${resourceVersion}`)
    return new Watch((receiver) => {
      this.stream = receiver
      return { close: () => {} }
    })
  }

  async stop(): Promise<unknown> {
    this.#stop.abort(new Error('stopped'))
    this.stream?.end(new Error('given up'))
    const reason = await this.#running
    assert.equal(this.clock.pendingTimers, 0)
    return reason
  }
}

const names = (objects: readonly KubeObject[]) =>
  objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`).join(' ')

describe('a reflector', () => {
  it('lists by pages, names what typed lists leave out, and watches from there', async () => {
    const { kind: _, apiVersion: __, ...bare } = thing('a', '1')
    const script = new Script(page([bare as KubeObject], '7', 'more'), page([thing('b', '2')], '7'))
    await script.clock.settle()
    assert.deepEqual(script.asked, ['list 500', 'list 500 more', 'watch 7'])
    assert.deepEqual(script.told, ['replace Thing/a Thing/b'])
    script.stream?.event({ type: 'ADDED', object: thing('c', '8') })
    script.stream?.event({ type: 'DELETED', object: thing('c', '9') })
    await script.clock.settle()
    assert.deepEqual(script.told.slice(1), ['set Thing/c', 'delete Thing/c'])
    assert.match(String(await script.stop()), /stopped/)
  })

  it('resumes at once from the last version after a stream that was of use', async () => {
    const script = new Script(page([], '7'))
    await script.clock.settle()
    script.stream?.event({ type: 'BOOKMARK', object: thing('', '12') })
    script.stream?.end()
    await script.clock.settle()
    await script.clock.advance(1_000)
    script.stream?.end()
    await script.clock.settle()
    assert.deepEqual(script.asked, ['list 500', 'watch 7', 'watch 12', 'watch 12'])
    await script.stop()
  })

  it('waits longer and longer where streams end at once or break', async () => {
    const script = new Script(page([], '7'))
    for (let i = 0; i < 8; i++) {
      await script.clock.settle()
      script.stream?.end(i % 2 === 0 ? undefined : new Error('reset'))
      await script.clock.advance(60_000)
    }
    const waited = script.asked.length
    assert.equal(waited, 10)
    for (let second = 0; second < 60; second++) {
      script.stream?.end(new Error('reset'))
      await script.clock.advance(1_000)
    }
    assert.ok(script.asked.length - waited <= 4)
    assert.equal(script.asked.filter((call) => call.startsWith('list')).length, 1)
    await script.stop()
  })

  const lost = [
    { why: 'the version is too old', error: errors.resourceExpired('too old resource version') },
    { why: 'the version is gone', error: errors.gone('gone') },
    { why: 'the version is none', error: errors.badRequest('invalid resource version') },
    { why: 'the server was set back', error: errors.tooLargeResourceVersion(9, 3) },
  ]
  for (const { why, error } of lost) {
    it(`lists again when ${why}`, async () => {
      const script = new Script(page([thing('a', '1')], '7'), page([], '9'))
      await script.clock.settle()
      script.stream?.end(error)
      await script.clock.advance(2_000)
      assert.deepEqual(script.asked, ['list 500', 'watch 7', 'list 500', 'watch 9'])
      assert.deepEqual(script.told, ['replace Thing/a', 'replace '])
      await script.stop()
    })
  }

  it('watches again after any other refusal', async () => {
    const script = new Script(page([], '7'))
    await script.clock.settle()
    script.stream?.end(errors.internalError(new Error('out of order')))
    await script.clock.advance(2_000)
    assert.deepEqual(script.asked, ['list 500', 'watch 7', 'watch 7'])
    await script.stop()
  })

  it('begins a list anew whose later pages are gone, and lists until it succeeds', async () => {
    const script = new Script(
      new Error('no way'),
      page([thing('a', '1')], '7', 'more'),
      errors.resourceExpired('the provided continue parameter is too old'),
      page([thing('b', '2')], '8'),
    )
    await script.clock.advance(20_000)
    assert.deepEqual(script.told, ['replace Thing/b'])
    assert.deepEqual(script.asked.slice(-2), ['list 500', 'watch 8'])
    await script.stop()
  })
})
