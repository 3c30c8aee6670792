import assert from 'node:assert/strict'
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, afterEach, describe, it } from 'node:test'
import { realClock, sleepOn, type Clock } from '#base'
import { kubeconfigPaths, loadKubeconfig } from './kubeconfig.ts'
import { mergeContext, removeContext, standaloneKubeconfig } from './kubeconfig-write.ts'

const entry = {
  name: 'k8ts',
  server: 'https://127.0.0.1:6443',
  ca: 'CA',
  certificate: 'CERT',
  key: 'KEY',
}

const others = `# mine, do not touch
apiVersion: v1
kind: Config
current-context: work
preferences: {colors: true}
clusters:
- name: work
  cluster:
    server: https://work:6443 # the big one
    certificate-authority: ca.pem
contexts:
- name: work
  context: {cluster: work, user: me, namespace: team}
users:
- name: me
  user:
    token: secret
    something-new: kept
`

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'k8ts-kubeconfig-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

/** No waiting: every sleep is over at once. */
const hastyClock: Clock = {
  ...realClock,
  timer: (_delayMs, run) => realClock.timer(0, run),
  sleep: (_delayMs, signal) => sleepOn(hastyClock, 0, signal),
}

describe('kubeconfig paths', () => {
  it('are those kubectl takes', () => {
    assert.deepEqual(kubeconfigPaths('/x', { KUBECONFIG: '/a:/b' }), ['/x'])
    assert.deepEqual(kubeconfigPaths(undefined, { KUBECONFIG: ':/a::/b' }), ['/a', '/b'])
    assert.deepEqual(kubeconfigPaths('', { HOME: '/home/u' }), ['/home/u/.kube/config'])
  })
})

describe('merging a context', () => {
  it('makes a file that only its owner reads, with the context as current one', async () => {
    const path = join(dir, 'new', 'config')
    assert.equal(await mergeContext([path], entry, realClock), path)
    assert.equal(statSync(path).mode & 0o777, 0o600)
    const { name, namespace, endpoint } = loadKubeconfig([path])
    assert.deepEqual({ name, namespace }, { name: 'k8ts', namespace: undefined })
    assert.equal(endpoint.server, entry.server)
    assert.equal(endpoint.ca, 'CA')
    assert.equal(endpoint.certificate, 'CERT')
    assert.equal(endpoint.key, 'KEY')
    assert.deepEqual(readdirSync(join(dir, 'new')), ['config'])
  })

  it('leaves all else as it is, and taking it out gives the file back', async () => {
    const path = join(dir, 'config')
    writeFileSync(path, others, { mode: 0o640 })
    writeFileSync(join(dir, 'ca.pem'), 'THE CA')
    await mergeContext([path], entry, realClock)
    const merged = readFileSync(path, 'utf8')
    for (const kept of ['# mine, do not touch', '# the big one', 'something-new: kept']) {
      assert.ok(merged.includes(kept), kept)
    }
    assert.equal(statSync(path).mode & 0o777, 0o640)
    assert.equal(loadKubeconfig([path]).name, 'work')
    assert.equal(loadKubeconfig([path], 'k8ts').endpoint.server, entry.server)
    await mergeContext([path], { ...entry, server: 'https://127.0.0.1:7000' }, realClock)
    assert.equal(loadKubeconfig([path], 'k8ts').endpoint.server, 'https://127.0.0.1:7000')
    assert.equal(await removeContext([path], entry, realClock), false)
    const taken = { ...entry, server: 'https://127.0.0.1:7000' }
    assert.equal(await removeContext([path], taken, realClock), true)
    assert.equal(
      readFileSync(path, 'utf8').replaceAll(/[{} ]/g, ''),
      others.replaceAll(/[{} ]/g, ''),
    )
  })

  it('removes a file in which nothing is left', async () => {
    const path = join(dir, 'config')
    await mergeContext([path], entry, realClock)
    assert.equal(await removeContext([path], entry, realClock), true)
    assert.deepEqual(readdirSync(dir), [])
    assert.equal(await removeContext([path], entry, realClock), false)
  })

  it('writes to the file of a list that has it, else to the first there is', async () => {
    const [a, b, c] = [join(dir, 'a'), join(dir, 'b'), join(dir, 'c')]
    assert.equal(await mergeContext([a, b], entry, realClock), b)
    writeFileSync(a, others)
    assert.equal(await mergeContext([a, b], entry, realClock), b)
    writeFileSync(c, others)
    assert.equal(await mergeContext([c, b], { ...entry, name: 'two' }, realClock), c)
  })

  it('follows a symbolic link', async () => {
    const [real, link] = [join(dir, 'real'), join(dir, 'link')]
    writeFileSync(real, others)
    symlinkSync(real, link)
    await mergeContext([link], entry, realClock)
    assert.ok(readFileSync(real, 'utf8').includes('k8ts'))
  })

  it('refuses a file that is no kubeconfig, and leaves it', async () => {
    const path = join(dir, 'config')
    for (const content of ['a: [', '- list', 'just text']) {
      writeFileSync(path, content)
      await assert.rejects(mergeContext([path], entry, realClock), /config is no kubeconfig/)
      assert.equal(readFileSync(path, 'utf8'), content)
      assert.deepEqual(readdirSync(dir), ['config'])
    }
  })

  it('waits for kubectl to unlock, and says so when it does not', async () => {
    const path = join(dir, 'config')
    writeFileSync(`${path}.lock`, '')
    await assert.rejects(mergeContext([path], entry, hastyClock), /is locked by another program/)
    const clock = { ...hastyClock, sleep: async () => rmSync(`${path}.lock`, { force: true }) }
    await mergeContext([path], entry, clock)
  })
})

describe('reading', () => {
  it('merges files, resolves paths and reads tokens', async () => {
    const [a, b] = [join(dir, 'a'), join(dir, 'b')]
    writeFileSync(a, others)
    writeFileSync(join(dir, 'ca.pem'), 'THE CA')
    writeFileSync(b, await standaloneKubeconfig(entry))
    const work = loadKubeconfig([a, b, join(dir, 'absent')])
    assert.equal(work.namespace, 'team')
    assert.equal(work.endpoint.ca, 'THE CA')
    assert.equal(work.endpoint.token?.(), 'secret')
    assert.equal(loadKubeconfig([a, b], 'k8ts').endpoint.key, 'KEY')
    assert.equal(loadKubeconfig([b]).name, 'k8ts')
  })

  it('says what is missing', () => {
    const path = join(dir, 'config')
    writeFileSync(path, others)
    assert.throws(() => loadKubeconfig([join(dir, 'absent')]), /no current context/)
    assert.throws(() => loadKubeconfig([path], 'other'), /no context "other"/)
    assert.throws(() => loadKubeconfig([path]), /ca\.pem is not there/)
  })
})
