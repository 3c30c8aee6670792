import assert from 'node:assert/strict'
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, it } from 'node:test'

/**
 * The tower of rooms. A room may import those it names and all that they may import. Adding a
 * line or an arrow here is a decision about the architecture, recorded in docs/architecture.md.
 */
const rooms: Readonly<Record<string, readonly string[]>> = {
  base: [],
  pki: ['base'],
  streaming: ['base'],
  linux: ['base'],
  machinery: ['base'],
  cel: ['machinery'],
  api: ['machinery'],
  store: ['base'],
  apiserver: ['api', 'store', 'pki', 'streaming', 'cel'],
  client: ['api', 'streaming', 'pki'],
  scheduler: ['client', 'cel'],
  controllers: ['client'],
  cloud: ['client', 'linux'],
  kubelet: ['client', 'linux'],
  proxy: ['client', 'linux'],
  dns: ['client'],
  network: ['client', 'linux'],
  gateway: ['client'],
  kubectl: ['client'],
  dashboard: ['client'],
  simulation: ['client', 'store', 'apiserver', 'kubelet'],
  cluster: [
    'simulation',
    'scheduler',
    'controllers',
    'cloud',
    'proxy',
    'dns',
    'network',
    'gateway',
    'dashboard',
  ],
  cli: ['cluster', 'kubectl'],
}

const root = resolve(import.meta.dirname, '..')
const src = join(root, 'src')
const built = readdirSync(src)

describe('rooms', () => {
  it('are those of the table', () => {
    for (const room of built) assert.ok(Object.hasOwn(rooms, room), `src/${room} is no known room`)
  })

  it('stand in a tower: nothing imports what imports it', () => {
    for (const room of Object.keys(rooms)) {
      assert.ok(!reachable(room).has(room), `${room} is below itself`)
    }
  })

  it('have a door each, which package.json declares', () => {
    const { imports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    // The command has no door: nobody imports it.
    for (const room of built.filter((name) => name !== 'cli')) {
      assert.ok(existsSync(join(src, room, 'index.ts')), `src/${room}/index.ts is missing`)
      assert.equal(imports[`#${room}`]?.source, `./src/${room}/index.ts`)
      assert.equal(imports[`#${room}`]?.default, `./dist/${room}/index.js`)
    }
  })

  it('are on the map', () => {
    const map = readFileSync(join(root, 'docs', 'architecture.md'), 'utf8')
    for (const room of built) assert.ok(map.includes(`\`${room}\``), `${room} is not on the map`)
  })

  it('import each other by their doors and downwards', () => {
    const wrong: string[] = []
    for (const file of globSync('**/*.ts', { cwd: src })) {
      const room = file.split('/')[0] ?? ''
      const below = reachable(room)
      for (const imported of importsOf(join(src, file))) {
        const problem = judge(imported, join(src, file), room, below)
        if (problem !== undefined) wrong.push(`src/${file}: ${imported} ${problem}`)
      }
    }
    assert.deepEqual(wrong, [])
  })
})

function reachable(room: string): Set<string> {
  const found = new Set<string>()
  const visit = (name: string) => {
    for (const next of rooms[name] ?? []) {
      if (found.has(next)) continue
      found.add(next)
      visit(next)
    }
  }
  visit(room)
  return found
}

function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8')
  const specifiers =
    /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s*'([^']+)'|\bimport\s*\(?\s*'([^']+)'/g
  return [...text.matchAll(specifiers)].map((match) => match[1] ?? match[2] ?? '')
}

function judge(
  imported: string,
  file: string,
  room: string,
  below: ReadonlySet<string>,
): string | undefined {
  if (imported.startsWith('#')) {
    const name = imported.slice(1)
    if (name === room) return 'is its own door'
    return below.has(name) ? undefined : 'is not below'
  }
  if (!imported.startsWith('.')) return undefined
  const target = relative(src, resolve(dirname(file), imported))
  return target.split('/')[0] === room ? undefined : 'goes past a door'
}
