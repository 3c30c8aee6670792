import assert from 'node:assert/strict'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import type { ClusterEvent } from '../framework/cluster-event.ts'
import type { Waiting } from '../framework/plugin.ts'
import { prioritySort } from '../plugins/priority-sort/priority-sort.ts'
import { schedulingGates } from '../plugins/scheduling-gates/scheduling-gates.ts'
import { testNode, testPodInfo } from '../testing/objects.ts'
import { backoffMs, SchedulingQueue, type QueuedPod } from './scheduling-queue.ts'

/**
 * Scripts: each command, a line that begins with `>`, is followed by what the queue did. To write
 * the answers anew: UPDATE=1, then read the difference.
 */
const scripts = join(import.meta.dirname, 'testdata')

describe('the scheduling queue, by scripts', () => {
  for (const name of globSync('*.txt', { cwd: scripts }).toSorted()) {
    it(name, () => {
      const path = join(scripts, name)
      const text = readFileSync(path, 'utf8')
      const played = play(text)
      if (process.env['UPDATE'] === '1') writeFileSync(path, played)
      else assert.equal(played, text)
    })
  }
})

/** Comments and commands stay, answers are made anew. */
function play(text: string): string {
  const script = new Script()
  const out: string[] = []
  for (const line of text.trimEnd().split('\n')) {
    if (line === '' || line.startsWith('#')) out.push(line)
    if (!line.startsWith('> ')) continue
    out.push(line, ...script.run(line.slice(2).split(' ')))
  }
  return `${out.join('\n')}\n`
}

/** A queue with the plugins Alpha (helped by new nodes) and Beta (by pods that go, if large). */
class Script {
  #nowMs = 0
  #heard: string[] = []
  readonly #taken = new Map<string, QueuedPod>()
  readonly #queue: SchedulingQueue

  constructor() {
    const gates = schedulingGates()
    const sort = prioritySort()
    const less = (a: Waiting, b: Waiting) => sort.less?.(a, b) === true
    const rules = {
      plugins: [
        { name: 'Alpha', events: [{ resource: 'Node', actions: ['Add'] }] as const },
        {
          name: 'Beta',
          events: [
            {
              resource: 'AssignedPod' as const,
              actions: ['Delete'] as const,
              helps: (_: unknown, event: ClusterEvent) =>
                event.resource === 'AssignedPod' && event.before?.name === 'large',
            },
          ],
        },
      ],
      preEnqueue: (pod: Parameters<NonNullable<typeof gates.preEnqueue>>[0]) =>
        gates.preEnqueue?.(pod),
      less,
    }
    this.#queue = new SchedulingQueue(new Map([['default-scheduler', rules]]), (place, event) =>
      this.#heard.push(`${place} by ${event}`),
    )
  }

  run([command = '', ...args]: readonly string[]): string[] {
    this.#heard = []
    const said = this.#do(command, args)
    this.#queue.checkInvariants()
    const counts = Object.entries(this.#queue.counts()).filter(([, count]) => count > 0)
    const state = counts.map(([place, count]) => `${place} ${count}`).join(', ')
    return [...said, ...this.#heard, `(${state === '' ? 'empty' : state})`].map(
      (line) => `  ${line}`,
    )
  }

  #do(command: string, [name = '', ...more]: readonly string[]): string[] {
    const now = this.#nowMs
    switch (command) {
      case 'add':
        this.#queue.add(podOf(name, more), now)
        return []
      case 'update':
        this.#queue.update(podOf(name, more), now, [])
        return []
      case 'delete':
        this.#queue.delete(name)
        return []
      case 'pop': {
        const taken = this.#queue.pop(now)
        if (taken === undefined) return [`nothing; next ${this.#queue.nextMs(now) ?? 'never'}`]
        this.#taken.set(taken.pod.name, taken)
        return [`${taken.pod.name}, attempt ${taken.attempts}`]
      }
      case 'reject':
        this.#queue.putBackUnschedulable(this.#take(name), podOf(name, []), new Set(more), now)
        return []
      case 'fail':
        this.#queue.putBackFailed(this.#take(name), podOf(name, []), now)
        return []
      case 'node':
        this.#queue.move(
          { resource: 'Node', action: 'Add', before: undefined, after: testNode(name) },
          now,
        )
        return []
      case 'gone': {
        const before = testPodInfo(name)
        this.#queue.move(
          { resource: 'AssignedPod', action: 'Delete', before, after: undefined },
          now,
        )
        return []
      }
      case 'flush':
        this.#queue.flush(now)
        return []
      case 'wait':
        this.#nowMs += Number(name)
        return []
      default:
        throw new Error(`no command ${command}`)
    }
  }

  #take(name: string): QueuedPod {
    const taken = this.#taken.get(name)
    assert.ok(taken !== undefined, `${name} was taken`)
    return taken
  }
}

/** `priority=10`, `gate=x`. */
function podOf(name: string, words: readonly string[]) {
  const value = (key: string) =>
    words.find((word) => word.startsWith(`${key}=`))?.slice(key.length + 1)
  const [priority, gate] = [value('priority'), value('gate')]
  return testPodInfo(name, {
    spec: {
      ...(priority === undefined ? {} : { priority: Number(priority) }),
      ...(gate === undefined ? {} : { schedulingGates: [{ name: gate }] }),
    },
  })
}

it('backs off twice as long each time, up to ten seconds', () => {
  assert.deepEqual([1, 2, 3, 4, 5, 50].map(backoffMs), [1000, 2000, 4000, 8000, 10000, 10000])
})

it('holds each pod once, whatever is done, and loses none', () => {
  const names = ['a', 'b', 'c', 'd']
  const commands = fc.oneof(
    fc.constantFrom('pop', 'flush', 'node n', 'gone large', 'wait 700', 'wait 400000'),
    fc
      .tuple(
        fc.constantFrom('add', 'update', 'delete', 'reject', 'fail'),
        fc.constantFrom(...names),
      )
      .map((words) => words.join(' ')),
  )
  fc.assert(
    fc.property(fc.array(commands, { maxLength: 60 }), (lines) => {
      const script = new Script()
      const known = new Set<string>()
      const taken = new Set<string>()
      for (const line of lines) {
        const [command = '', name = ''] = line.split(' ')
        if (command === 'add' && (known.has(name) || taken.has(name))) continue
        if ((command === 'reject' || command === 'fail') && !taken.has(name)) continue
        const words = command === 'reject' ? [command, name, 'Alpha'] : line.split(' ')
        const said = script.run(words)
        if (command === 'add') known.add(name)
        if (command === 'delete') known.delete(name)
        if (command === 'reject' || command === 'fail') {
          taken.delete(name)
          known.add(name)
        }
        const popped = command === 'pop' ? /^\s+(\w), attempt/.exec(said[0] ?? '')?.[1] : undefined
        if (popped !== undefined) {
          assert.ok(known.delete(popped), 'what is taken was there')
          taken.add(popped)
        }
        const counts = said.at(-1)?.match(/\d+/g)?.map(Number) ?? []
        assert.equal(
          counts.reduce((sum, count) => sum + count, 0),
          known.size,
        )
      }
    }),
    { numRuns: 200 },
  )
})
