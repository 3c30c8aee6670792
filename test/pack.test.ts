import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { it } from 'node:test'

const root = resolve(import.meta.dirname, '..')

/** What is published: JavaScript made by the compiler, which Node runs below node_modules. */
it('the packed package runs in an empty project, as a command and as a library', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'k8ts-pack-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const project = join(dir, 'project')
  install(pack(join(dir, 'staging')), project)

  const command = join(project, 'node_modules', '.bin', 'k8ts')
  const env = { PATH: process.env['PATH'], HOME: dir }
  const args = ['server', '--data-dir', join(dir, 'data'), '--api-port', '0']
  const server = spawn(command, args, { cwd: dir, env })
  t.after(() => server.kill('SIGKILL'))
  const exited = new Promise<number | null>((done) => server.once('exit', (code) => done(code)))
  let err = ''
  server.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  const ready = new Promise<void>((done) => server.stdout.once('data', () => done()))
  await Promise.race([ready, exited.then(() => assert.fail(err))])
  const status = spawnSync(command, ['status', '--data-dir', join(dir, 'data')], {
    encoding: 'utf8',
    env,
  })
  assert.match(status.stdout, /^ready\n/)
  server.kill('SIGTERM')
  assert.equal(await exited, 0)

  writeFileSync(
    join(project, 'main.mjs'),
    `import { startCluster } from 'k8ts'
import { Node } from 'k8ts/api'
await using cluster = await startCluster({ simulatedNodes: 1 })
const nodes = await cluster.client.resource(Node).list()
console.log(nodes.items.length)
`,
  )
  const library = spawnSync(process.execPath, ['main.mjs'], { cwd: project, encoding: 'utf8' })
  assert.equal(library.stdout, '1\n', library.stderr)
})

/** Builds beside the sources, so that a test leaves nothing in the checkout. */
function pack(staging: string): string {
  mkdirSync(staging)
  for (const name of ['package.json', 'README.md', 'bin', 'docs', 'examples']) {
    cpSync(join(root, name), join(staging, name), { recursive: true })
  }
  const tsc = join(root, 'node_modules', '.bin', 'tsc')
  const outDir = join(staging, 'dist')
  execFileSync(tsc, ['-p', 'tsconfig.build.json', '--outDir', outDir], { cwd: root })
  execFileSync('npm', ['pack', '--ignore-scripts', '--silent'], { cwd: staging })
  const archive = readdirSync(staging).find((name) => name.endsWith('.tgz'))
  assert.ok(archive !== undefined)
  return join(staging, archive)
}

/** What npm install does, without a registry: the dependencies are those of the checkout. */
function install(archive: string, project: string): void {
  const modules = join(project, 'node_modules')
  mkdirSync(join(modules, '.bin'), { recursive: true })
  writeFileSync(join(project, 'package.json'), '{"name":"empty","private":true}')
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (!name.startsWith('.')) symlinkSync(join(root, 'node_modules', name), join(modules, name))
  }
  mkdirSync(join(modules, 'k8ts'))
  execFileSync('tar', ['-xzf', archive, '-C', join(modules, 'k8ts'), '--strip-components=1'])
  symlinkSync('../k8ts/bin/k8ts', join(modules, '.bin', 'k8ts'))
}
