import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'

const root = resolve(import.meta.dirname, '..')

test('docs/differences.md lists exactly the files that mark a difference', () => {
  const marked = globSync('src/**/*.ts', { cwd: root }).filter((file) =>
    readFileSync(join(root, file), 'utf8').includes('Differs from Kubernetes:'),
  )
  const text = readFileSync(join(root, 'docs', 'differences.md'), 'utf8')
  const listed = [...text.matchAll(/^\| `(src\/[^`]+)`/gm)].map((match) => match[1] ?? '')
  assert.deepEqual([...new Set(listed)].sort(), marked.sort())
})
