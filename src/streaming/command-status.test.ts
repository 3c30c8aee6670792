import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  commandExited,
  commandFailed,
  commandSucceeded,
  decodeStatus,
  encodeStatus,
  exitCodeOf,
} from './command-status.ts'

describe('how a command ended', () => {
  it('is a Status from v4 on', () => {
    for (const status of [commandSucceeded, commandExited(7, 'exit 7'), commandFailed('broken')]) {
      const bytes = encodeStatus(status, 4)
      assert.ok(bytes !== undefined)
      assert.deepEqual(decodeStatus(bytes, 5), status)
    }
  })

  it('is words of failure before, and silence for success', () => {
    assert.equal(encodeStatus(commandSucceeded, 3), undefined)
    const words = 'command terminated with non-zero exit code: exit 7'
    assert.equal(encodeStatus(commandExited(7, 'exit 7'), 3)?.toString(), words)
    const got = decodeStatus(Buffer.from(words), 3)
    assert.deepEqual([got.status, got.message, exitCodeOf(got)], ['Failure', words, undefined])
    assert.equal(decodeStatus(Buffer.alloc(0), 2).status, 'Success')
  })

  it('tells the exit code where the command is known to have run', () => {
    assert.equal(exitCodeOf(commandSucceeded), 0)
    assert.equal(exitCodeOf(commandExited(137, 'killed')), 137)
    assert.equal(exitCodeOf(commandFailed('no such container')), undefined)
  })

  it('is a failure in its own words when a server says something else', () => {
    for (const text of [
      'no JSON',
      '[]',
      'null',
      '{"status":"Maybe"}',
      '{"status":"Success","message":1}',
    ]) {
      const { status, message } = decodeStatus(Buffer.from(text), 4)
      assert.deepEqual([status, message], ['Failure', text])
    }
    const odd = decodeStatus(Buffer.from('{"status":"Failure","details":{"causes":[7]}}'), 4)
    assert.equal(exitCodeOf(odd), undefined)
  })
})
