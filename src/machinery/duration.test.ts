import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { formatDuration, formatDurationMs, parseDuration, parseDurationMs } from './duration.ts'

test('durations are read and printed as Go does', () => {
  const rows: [string, string][] = [
    ['0', '0s'],
    ['0s', '0s'],
    ['5s', '5s'],
    ['90s', '1m30s'],
    ['60m', '1h0m0s'],
    ['1h15m30.918s', '1h15m30.918s'],
    ['1.5h', '1h30m0s'],
    ['.5s', '500ms'],
    ['1.5ms', '1.5ms'],
    ['100us', '100µs'],
    ['100µs', '100µs'],
    ['1ns', '1ns'],
    ['-1m', '-1m0s'],
    ['+1m', '1m0s'],
    ['2540400h10m10.000000001s', '2540400h10m10.000000001s'],
  ]
  for (const [text, printed] of rows) assert.equal(formatDuration(parseDuration(text)), printed)
})

test('what is no duration is refused in Go’s words', () => {
  const rows: [string, string][] = [
    ['', 'time: invalid duration ""'],
    ['-', 'time: invalid duration "-"'],
    ['s', 'time: invalid duration "s"'],
    ['.s', 'time: invalid duration ".s"'],
    ['3', 'time: missing unit in duration "3"'],
    ['1h3', 'time: missing unit in duration "1h3"'],
    ['1d', 'time: unknown unit "d" in duration "1d"'],
    ['9999999999h', 'time: invalid duration "9999999999h"'],
  ]
  for (const [text, message] of rows) assert.throws(() => parseDuration(text), { message })
})

test('every duration survives printing', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (ns) => {
      assert.equal(parseDuration(formatDuration(ns)), ns)
    }),
  )
})

test('milliseconds are what the clock takes', () => {
  assert.equal(parseDurationMs('1.5s'), 1500)
  assert.equal(formatDurationMs(90_000), '1m30s')
})
