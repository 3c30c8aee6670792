import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'

const root = resolve(import.meta.dirname, '..', '..')

for (const example of ['operator.test.ts', 'node-death.test.ts']) {
  test(`docs/testing.md shows ${example} as it is run`, () => {
    const text = readFileSync(join(root, 'docs', 'testing.md'), 'utf8')
    const code = readFileSync(join(import.meta.dirname, example), 'utf8')
    assert.ok(text.includes(`\`\`\`ts\n${code}\`\`\``))
  })
}
