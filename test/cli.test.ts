import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, it, type TestContext } from 'node:test'
import { ConfigMap } from '#api'
import { realClock } from '#base'
import { Client, httpsTransport, loadKubeconfig } from '#client'
import { startEtcd } from '../src/store/testing/etcd-process.ts'

const command = resolve(import.meta.dirname, '..', 'bin', 'k8ts')

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'k8ts-cli-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

function k8ts(...args: string[]): { out: string; err: string; exit: number | null } {
  const { stdout, stderr, status } = spawnSync(command, args, {
    cwd: dir,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: dir },
    timeout: 20_000,
  })
  return { out: stdout, err: stderr, exit: status }
}

interface Running {
  readonly url: string
  readonly client: Client
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

async function start(t: TestContext, dataDir = 'data', ...more: string[]): Promise<Running> {
  const args = ['server', '--data-dir', dataDir, '--api-port', '0', ...more]
  const child = spawn(command, args, {
    cwd: dir,
    env: { PATH: process.env['PATH'], HOME: dir },
  })
  const exited = new Promise<number | null>((done) => child.once('exit', (code) => done(code)))
  t.after(() => child.kill('SIGKILL'))
  let out = ''
  let err = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  const ready = new Promise<string>((done) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
      const url = /ready at (\S+),/.exec(out)?.[1]
      if (url !== undefined) done(url)
    })
  })
  const url = await Promise.race([ready, exited.then(() => assert.fail(`no start: ${err}`))])
  const { endpoint } = loadKubeconfig([join(dir, dataDir, 'admin.kubeconfig')])
  const client = new Client(
    httpsTransport(endpoint, { clock: realClock, userAgent: 'test' }),
    realClock,
  )
  t.after(() => client[Symbol.asyncDispose]())
  return {
    url,
    client,
    stop(signal = 'SIGTERM') {
      child.kill(signal)
      return exited
    },
  }
}

describe('k8ts', () => {
  it('ends without a word when nobody reads what it writes', async () => {
    const child = spawn(command, ['help'], { env: { PATH: process.env['PATH'], HOME: dir } })
    child.stdout.destroy()
    let err = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
    const exit = await new Promise((done) => child.once('close', done))
    assert.deepEqual({ exit, err }, { exit: 0, err: '' })
  })

  it('helps', () => {
    assert.match(k8ts().out, /^k8ts is Kubernetes v1\.36 in TypeScript\.\n\n {2}up /)
    for (const words of [
      ['help', 'server'],
      ['server', '--help'],
      ['server', '-h', '--x'],
    ]) {
      assert.match(k8ts(...words).out, /--data-dir DIR +where the cluster is kept/)
    }
    assert.match(k8ts('help', 'snapshot').out, /k8ts snapshot save [^]*k8ts snapshot restore /)
    assert.match(k8ts('version').out, /^k8ts \d+\.\d+\.\d+ \(Kubernetes v1\.36, Node v26/)
  })

  it('runs from any directory, through a symbolic link', () => {
    const link = join(dir, 'linked')
    symlinkSync(command, link)
    const { stdout } = spawnSync(link, ['version'], { cwd: '/', encoding: 'utf8' })
    assert.match(stdout, /^k8ts /)
  })

  for (const [words, message] of [
    [['serve'], 'there is no command "serve": see k8ts help'],
    [['server', '--prot', '1'], 'k8ts server has no flag --prot: k8ts help server lists them'],
    [['server', '--api-port', 'x'], '--api-port is a number from 0 to 65535, not "x"'],
    [['snapshot'], 'k8ts snapshot needs one of: save, restore, status'],
    [['snapshot', 'save'], 'k8ts snapshot save needs FILE'],
    [['stop', '--delete'], '--delete needs --data-dir, so that nothing is deleted by mistake'],
  ] as const) {
    it(`refuses ${words.join(' ')}`, () => {
      assert.deepEqual(k8ts(...words), { out: '', err: `k8ts: ${message}\n`, exit: 2 })
    })
  }
})

describe('k8ts server', () => {
  it('keeps what was written, says how it is, and ends cleanly', async (t) => {
    const first = await start(t, 'data', '--api-only')
    assert.deepEqual(k8ts('status', '--data-dir', 'data').out.split('\n').slice(0, 2), [
      'ready',
      `  url      ${first.url}`,
    ])
    const maps = first.client.resource(ConfigMap).namespace('default')
    await maps.create({ metadata: { name: 'kept' }, data: { a: 'b' } })
    const kubeconfig = loadKubeconfig([join(dir, '.kube', 'config')])
    assert.equal(kubeconfig.name, 'k8ts')
    assert.equal(kubeconfig.endpoint.server, first.url)
    assert.equal(k8ts('kubeconfig', '--data-dir', 'data').exit, 0)

    const watch = maps.watch()
    assert.equal((await watch.next()).value?.object.metadata.name, 'kept')
    const told = watch.next()
    assert.equal(await first.stop(), 0)
    // The watch ends, it does not break.
    assert.equal((await told).done, true)
    assert.deepEqual(k8ts('status', '--data-dir', 'data'), { out: 'stopped\n', err: '', exit: 3 })

    const second = await start(t)
    const kept = await second.client.resource(ConfigMap).namespace('default').get('kept')
    assert.deepEqual(kept.data, { a: 'b' })
    assert.equal(await second.stop('SIGINT'), 0)
  })

  it('starts again after a kill', async (t) => {
    const first = await start(t)
    const maps = first.client.resource(ConfigMap).namespace('default')
    await maps.create({ metadata: { name: 'kept' } })
    await first.stop('SIGKILL')
    assert.equal(k8ts('status', '--data-dir', 'data').exit, 3)
    const second = await start(t)
    await second.client.resource(ConfigMap).namespace('default').get('kept')
    await second.stop()
  })

  it('is stopped, and deleted without a trace, by k8ts stop', async (t) => {
    await start(t)
    const stopped = k8ts('stop', '--data-dir', 'data', '--delete')
    assert.deepEqual(stopped, { out: 'stopped\ndeleted\n', err: '', exit: 0 })
    assert.equal(existsSync(join(dir, 'data')), false)
    assert.equal(existsSync(join(dir, '.kube', 'config')), false)
  })

  it('saves snapshots while it runs and while it does not, and restores them', async (t) => {
    const running = await start(t)
    const maps = running.client.resource(ConfigMap).namespace('default')
    await maps.create({ metadata: { name: 'kept' } })
    const online = k8ts('snapshot', 'save', 'online', '--data-dir', 'data')
    assert.match(online.out, /^revision \d+, \d+ keys, \d+ bytes\n$/)
    assert.equal(k8ts('snapshot', 'restore', 'online', '--data-dir', 'data').exit, 1)
    await running.stop()
    assert.equal(k8ts('snapshot', 'save', 'offline', '--data-dir', 'data').exit, 0)
    assert.equal(k8ts('snapshot', 'status', 'online').out, online.out)
    rmSync(join(dir, 'data'), { recursive: true })
    assert.equal(k8ts('snapshot', 'restore', 'online', '--data-dir', 'data').out, online.out)
    const restored = await start(t)
    await restored.client.resource(ConfigMap).namespace('default').get('kept')
    await restored.stop()
  })

  it('does not start on a taken port, and leaves nothing behind', async (t) => {
    const other = createServer()
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done))
    t.after(() => other.close())
    const address = other.address()
    const port = typeof address === 'object' ? address?.port : 0
    assert.deepEqual(k8ts('server', '--data-dir', 'data', '--api-port', `${port}`), {
      out: '',
      err: `k8ts: port ${port} of 127.0.0.1 is taken by another program: name another one with --api-port\n`,
      exit: 1,
    })
    assert.deepEqual(readdirSync(dir), [])
  })

  it('does not share a data directory', async (t) => {
    const running = await start(t)
    const second = k8ts('server', '--data-dir', 'data', '--api-port', '0')
    assert.match(
      second.err,
      /^k8ts: data directory \S+ is in use by another k8ts server \(process \d+\): stop it, or name another\n$/,
    )
    assert.equal(second.exit, 1)
    await running.stop()
  })

  it('says what is wrong with a data directory, and leaves it', () => {
    const path = join(dir, 'data')
    const attempt = () => k8ts('server', '--data-dir', 'data', '--api-port', '0')
    mkdirSync(path)
    writeFileSync(join(path, 'photo.jpg'), 'x')
    assert.match(
      attempt().err,
      /^k8ts: data directory \S+ holds something else \(photo\.jpg\): name an empty directory\n$/,
    )
    assert.deepEqual(readdirSync(path), ['photo.jpg'])
    rmSync(join(path, 'photo.jpg'))
    writeFileSync(join(path, 'cluster.json'), '{"kind":"k8ts cluster","format":99}')
    assert.match(attempt().err, /was written by a newer k8ts/)
    writeFileSync(join(path, 'cluster.json'), '{"kind":"k8ts cluster","format":1}')
    mkdirSync(join(path, 'store'))
    writeFileSync(join(path, 'store', 'store.db'), 'this is no database, and long enough to tell')
    const broken = attempt()
    assert.match(broken.err, /^k8ts: data directory \S+ holds a damaged store: .*\n$/)
    assert.equal(broken.exit, 1)
    assert.equal(readFileSync(join(path, 'store', 'store.db'), 'utf8').slice(0, 7), 'this is')
    rmSync(path, { recursive: true })
    writeFileSync(path, '')
    assert.match(attempt().err, /^k8ts: data directory \S+ is not a directory/)
  })

  it('goes on without a kubeconfig it cannot merge into, unless that was asked for', async (t) => {
    writeFileSync(join(dir, 'broken'), 'a: [')
    const asked = k8ts('server', '--data-dir', 'data', '--api-port', '0', '--kubeconfig', 'broken')
    assert.match(asked.err, /^k8ts: broken is no kubeconfig/)
    assert.deepEqual(readdirSync(dir), ['broken'])
    mkdirSync(join(dir, '.kube'))
    writeFileSync(join(dir, '.kube', 'config'), 'a: [')
    const running = await start(t)
    assert.equal(readFileSync(join(dir, '.kube', 'config'), 'utf8'), 'a: [')
    await running.stop()
  })

  it('shares an etcd with another server', async (t) => {
    const etcd = await startEtcd(dir)
    t.after(() => etcd.stop())
    const store = `etcd=${etcd.endpoint}`
    const [one, two] = await Promise.all([
      start(t, 'one', '--store', store, '--no-kubeconfig', '--api-only'),
      start(t, 'two', '--store', store, '--no-kubeconfig', '--api-only'),
    ])
    const watch = two.client.resource(ConfigMap).namespace('default').watch()
    await one.client
      .resource(ConfigMap)
      .namespace('default')
      .create({ metadata: { name: 'shared' } })
    assert.equal((await watch.next()).value?.object.metadata.name, 'shared')
    assert.equal(await one.stop(), 0)
    await two.client.resource(ConfigMap).namespace('default').delete('shared')
    assert.equal((await watch.next()).value?.type, 'DELETED')
    assert.equal(await two.stop(), 0)
  })

  it('says when etcd is not there', () => {
    const attempt = k8ts(
      'server',
      '--data-dir',
      'data',
      '--api-port',
      '0',
      '--store',
      'etcd=http://127.0.0.1:1',
    )
    assert.equal(attempt.exit, 1)
    assert.match(attempt.err, /^k8ts: .*127\.0\.0\.1:1.*\n$/)
    assert.deepEqual(readdirSync(dir), [])
  })
})
