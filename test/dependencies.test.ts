import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'

const root = resolve(import.meta.dirname, '..')

test('every dependency is pinned and has its reason, and every reason its dependency', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const declared: Record<string, string> = {
    ...manifest.dependencies,
    ...manifest.optionalDependencies,
    ...manifest.devDependencies,
  }
  for (const [name, version] of Object.entries(declared)) {
    assert.match(version, /^\d+\.\d+\.\d+$/, `${name} is not pinned exactly`)
  }
  const text = readFileSync(join(root, 'docs', 'dependencies.md'), 'utf8')
  const listed = text
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) =>
      [...(line.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map((match) => match[1]),
    )
  assert.deepEqual(new Set(listed), new Set(Object.keys(declared)))
})
