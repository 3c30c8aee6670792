import assert from 'node:assert/strict'
import { appendFile, mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { deferred, parseTime, realClock } from '#base'
import { LineSplitter } from './line-splitter.ts'
import { rotatedLogs } from './log-files.ts'
import { fixedTime, parseLogLine } from './log-line.ts'
import { logOptions, type LogOptions } from './log-options.ts'
import { readLog } from './log-reader.ts'

let directory = ''
let path = ''

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'k8ts-logs-'))
  path = join(directory, '0.log')
})

afterEach(() => rm(directory, { recursive: true }))

const at = (second: number) => `2026-03-01T10:00:${String(second).padStart(2, '0')}`
const line = (second: number, text: string, tag = 'F', stream = 'stdout') =>
  `${at(second)}.5Z ${stream} ${tag} ${text}\n`
const lines = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => line(0, `line ${from + i}`)).join('')
const plain = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `line ${from + i}\n`).join('')

const everything: LogOptions = logOptions(new URLSearchParams(), 0)

async function read(options: Partial<LogOptions> = {}): Promise<string> {
  const source = {
    path,
    clock: realClock,
    signal: new AbortController().signal,
    ended: async () => {},
  }
  const pieces: Buffer[] = []
  for await (const piece of readLog({ ...everything, ...options }, source)) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

test('lines are read as runtimes write them', () => {
  const rows: [string, ReturnType<typeof parseLogLine>][] = [
    ['2026-03-01T10:00:00Z stdout F hello world', entry('stdout', false, 'hello world')],
    ['2026-03-01T10:00:00Z stderr P  two blanks', entry('stderr', true, ' two blanks')],
    ['2026-03-01T10:00:00Z stdout F:x tagged', entry('stdout', false, 'tagged')],
    ['2026-03-01T10:00:00Z stdout F ', entry('stdout', false, '')],
    ['2026-03-01T10:00:00Z stdout F', entry('stdout', false, '')],
    ['2026-03-01T10:00:00Z stdin F no', undefined],
    ['2026-03-01T10:00:00Z stdout X no', undefined],
    ['2026-03-01T10:00:00Z stdout', undefined],
    [`${'9'.repeat(90)} stdout F no`, undefined],
    [' stdout F no', undefined],
    ['', undefined],
  ]
  for (const [text, expected] of rows) {
    assert.deepEqual(parseLogLine(Buffer.from(text)), expected, text)
  }
})

function entry(stream: 'stderr' | 'stdout', partial: boolean, content: string) {
  return { time: '2026-03-01T10:00:00Z', stream, partial, content: Buffer.from(content) }
}

test('times are printed with nine digits', () => {
  assert.equal(fixedTime('2026-03-01T10:00:00Z'), '2026-03-01T10:00:00.000000000Z')
  assert.equal(fixedTime('2026-03-01T10:00:00.12+02:00'), '2026-03-01T10:00:00.120000000+02:00')
  assert.equal(fixedTime('yesterday'), 'yesterday')
})

test('lines are cut wherever the bytes are, and those too long are left out', () => {
  const text = 'one\n\ntwo\nabcdefgh\nthree\nrest'
  for (let size = 1; size <= text.length; size++) {
    const splitter = new LineSplitter(5)
    const found: string[] = []
    for (let from = 0; from < text.length; from += size) {
      const bytes = Buffer.from(text.slice(from, from + size))
      for (const each of splitter.push(bytes)) found.push(each.toString())
    }
    assert.deepEqual(found, ['one', '', 'two', 'three'], `in pieces of ${size}`)
  }
})

test('a query says what is wanted', () => {
  const options = (query: string) => logOptions(new URLSearchParams(query), 100_000)
  assert.deepEqual(options('follow=true&timestamps=1&previous=false&tailLines=3&limitBytes=9'), {
    follow: true,
    timestamps: true,
    previous: false,
    tailLines: 3,
    limitBytes: 9,
    sinceMs: undefined,
    streams: 'all',
  })
  assert.equal(options('sinceSeconds=30').sinceMs, 70_000)
  assert.equal(options('sinceTime=1970-01-01T00:00:05Z').sinceMs, 5_000)
  assert.equal(options('tail=7').tailLines, 7)
  assert.equal(options('tail=all&tailLines=4').tailLines, undefined)
  assert.equal(options('follow').follow, true)
  assert.equal(options('stream=Stderr').streams, 'stderr')
  const refusals: [string, number][] = [
    ['tailLines=x', 400],
    ['tailLines=1.5', 400],
    ['sinceTime=yesterday', 400],
    ['tailLines=-1', 422],
    ['limitBytes=0', 422],
    ['sinceSeconds=0', 422],
    ['sinceSeconds=1&sinceTime=1970-01-01T00:00:05Z', 422],
    ['stream=toString', 422],
    ['stream=Stdout&tailLines=1', 422],
  ]
  for (const [query, code] of refusals) assert.throws(() => options(query), { code }, query)
  assert.throws(() => options('tail=x'), { message: '{"message": "Unable to decode query."}' })
})

test('lines come without times, whole again, or with times at their beginnings', async () => {
  await writeFile(
    path,
    line(1, 'one') +
      line(2, 'tw', 'P') +
      line(3, 'o') +
      'nonsense\n' +
      line(4, 'err', 'F', 'stderr'),
  )
  assert.equal(await read(), 'one\ntwo\nerr\n')
  assert.equal(
    await read({ timestamps: true }),
    `${at(1)}.500000000Z one\n${at(2)}.500000000Z two\n${at(4)}.500000000Z err\n`,
  )
  assert.equal(await read({ streams: 'stderr' }), 'err\n')
  assert.equal(await read({ sinceMs: parseTime(`${at(3)}Z`) }), 'o\nerr\n')
  assert.equal(await read({ limitBytes: 5 }), 'one\nt')
  assert.equal(await read({ timestamps: true, limitBytes: 4 }), '2026')
})

test('the last lines are the last lines, however large the file', async () => {
  // Lines stand across all sorts of borders of what is read at once.
  const long = line(0, 'x'.repeat(70_000))
  await writeFile(path, lines(0, 5000) + long + lines(5000, 9000))
  for (const tailLines of [0, 1, 2, 17, 3999, 4000]) {
    assert.equal(await read({ tailLines }), plain(9000 - tailLines, 9000), `${tailLines}`)
  }
  const beyond = await read({ tailLines: 4002 })
  assert.equal(beyond, `line 4999\n${'x'.repeat(70_000)}\n${plain(5000, 9000)}`)
  assert.equal((await read({ tailLines: 100_000 })).split('\n').length, 9002)
})

test('a line in parts counts as one, and one that is not over yet counts', async () => {
  await writeFile(path, line(1, 'a') + line(2, 'b', 'P') + line(3, 'c', 'P') + line(4, 'd'))
  assert.equal(await read({ tailLines: 1 }), 'bcd\n')
  assert.equal(await read({ tailLines: 2 }), 'a\nbcd\n')
  await appendFile(path, line(5, 'e', 'P'))
  assert.equal(await read({ tailLines: 1 }), 'e')
  assert.equal(await read({ tailLines: 2 }), 'bcd\ne')
})

test('files that were rotated away are part of the log', async () => {
  await writeFile(`${path}.20260301-090000.gz`, gzipSync(lines(0, 10)))
  await writeFile(`${path}.20260301-100000`, lines(10, 20))
  await writeFile(`${path}.20260301-100000.gz.tmp`, 'being made')
  await writeFile(join(directory, '10.log.20260301-100000'), lines(50, 60))
  await writeFile(path, lines(20, 30))
  assert.deepEqual(await rotatedLogs(path), [
    `${path}.20260301-090000.gz`,
    `${path}.20260301-100000`,
  ])
  assert.equal(await read(), plain(0, 30))
  for (const tailLines of [3, 10, 13, 20, 24, 30, 99]) {
    const from = Math.max(0, 30 - tailLines)
    assert.equal(await read({ tailLines }), plain(from, 30), `${tailLines}`)
  }
})

test('files that are older than what is asked for are not read', async () => {
  const old = `${path}.20260301-090000.gz`
  await writeFile(old, 'this would be an error')
  await utimes(old, 1000, 1000)
  await writeFile(path, line(5, 'now'))
  const sinceMs = parseTime(`${at(3)}Z`) ?? 0
  assert.equal(await read({ sinceMs }), 'now\n')
  await assert.rejects(read({ sinceMs: 999_000 }), /a rotated log cannot be read/)
})

test('a rotated file that is broken is an error, and none at all is another', async () => {
  await writeFile(`${path}.20260301-090000.gz`, gzipSync(lines(0, 1000)).subarray(0, 50))
  await writeFile(path, lines(20, 30))
  await assert.rejects(read(), /a rotated log cannot be read/)
  await rm(path)
  await assert.rejects(read(), { reason: 'NotFound' })
})

/** Reads a followed log as it comes. */
function following(options: Partial<LogOptions> = {}) {
  const end = deferred<void>()
  const aborter = new AbortController()
  const { signal } = aborter
  const stopped = deferred<void>()
  signal.addEventListener('abort', () => stopped.resolve())
  const source = {
    path,
    clock: realClock,
    signal,
    ended: () => Promise.race([end.promise, stopped.promise]),
  }
  const pieces = readLog({ ...everything, follow: true, ...options }, source)
  let text = ''
  return {
    end: () => end.resolve(),
    abort: () => aborter.abort(),
    async until(expected: string): Promise<void> {
      while (text !== expected) {
        const { value, done } = await pieces.next()
        assert.ok(done !== true, `it ended with ${JSON.stringify(text)}`)
        text += String(value)
        assert.ok(expected.startsWith(text), `${JSON.stringify(text)} came`)
      }
    },
    async rest(): Promise<string> {
      let rest = ''
      for await (const piece of pieces) rest += String(piece)
      return rest
    },
  }
}

test('a followed log goes on as it is written, through rotations, until the end', async () => {
  await writeFile(path, lines(0, 3))
  const log = following({ tailLines: 1 })
  await log.until('line 2\n')
  const half = line(0, 'line 3')
  await appendFile(path, half.slice(0, 20))
  await appendFile(path, half.slice(20))
  await log.until('line 2\nline 3\n')
  await rename(path, `${path}.20260301-090000`)
  await appendFile(`${path}.20260301-090000`, line(0, 'line 4'))
  await writeFile(path, line(0, 'line 5'))
  await log.until(plain(2, 6))
  await appendFile(path, line(0, 'line 6'))
  log.end()
  assert.equal(await log.rest(), 'line 6\n')
})

test('a followed log ends when its reader leaves, and when it has what it asked for', async () => {
  await writeFile(path, lines(0, 1))
  const left = following()
  await left.until('line 0\n')
  const rest = left.rest()
  left.abort()
  assert.equal(await rest, '')
  assert.equal(await following({ limitBytes: 4 }).rest(), 'line')
})
