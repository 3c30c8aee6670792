import assert from 'node:assert/strict'
import { it } from 'node:test'
import { logOptions } from './log-options.ts'

const read = (query: string) => logOptions('web', new URLSearchParams(query))

it('passes on what a kubelet is to know, and nothing else', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['', ''],
    ['container=main&pretty=true', ''],
    ['follow&previous=false&timestamps=0', 'follow=true'],
    ['follow=FALSE&timestamps=yes', 'timestamps=true'],
    ['tailLines=0&limitBytes=1', 'tailLines=0&limitBytes=1'],
    ['tailLines=%2B5&sinceSeconds=', 'tailLines=5'],
    ['sinceSeconds=9223372036854775807', 'sinceSeconds=9223372036854775807'],
    ['sinceTime=2026-01-02T03:04:05Z', 'sinceTime=2026-01-02T03%3A04%3A05Z'],
    ['stream=Stderr', 'stream=Stderr'],
  ]
  for (const [given, asked] of rows) assert.equal(read(given).query.toString(), asked, given)
  assert.equal(read('insecureSkipTLSVerifyBackend=true').insecure, true)
  assert.equal(read('').insecure, false)
})

it('refuses what cannot be read and what makes no sense', () => {
  const invalid = 'PodLogOptions "web" is invalid: '
  const rows: readonly (readonly [string, number, string])[] = [
    ['tailLines=x', 400, 'strconv.ParseInt: parsing "x": invalid syntax'],
    ['limitBytes=9223372036854775808', 400, 'parsing "9223372036854775808": value out of range'],
    ['sinceTime=yesterday', 400, 'parsing time "yesterday"'],
    [
      'tailLines=-1',
      422,
      `${invalid}tailLines: Invalid value: -1: must be greater than or equal to 0`,
    ],
    ['limitBytes=0', 422, `${invalid}limitBytes: Invalid value: 0: must be greater than 0`],
    ['sinceSeconds=0', 422, `${invalid}sinceSeconds: Invalid value: 0: must be greater than 0`],
    [
      'sinceSeconds=1&sinceTime=2026-01-02T03:04:05Z',
      422,
      'Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified',
    ],
    ['stream=x', 422, 'supported values: "All", "Stderr", "Stdout"'],
    ['stream=Stdout&tailLines=1', 422, 'mutually exclusive'],
  ]
  for (const [query, code, words] of rows) {
    assert.throws(
      () => read(query),
      (error: Error & { code?: number }) => {
        assert.equal(error.code, code, query)
        assert.ok(error.message.includes(words), `${query}: ${error.message}`)
        return true
      },
    )
  }
})
