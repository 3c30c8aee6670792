import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:https'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { Deployment, Lease, Node, Pod, ReplicaSet, ServiceAccount } from '#api'
import { poll, realClock, realRandom } from '#base'
import { standaloneKubeconfig, type Client } from '#client'
import type { Server } from '#cluster'
import {
  generateKeyPair,
  issueCertificate,
  keyPairFromPem,
  parseCertificate,
  pemDecode,
  privateKeyToPem,
} from '#pki'
import { hasReason } from '#machinery'
import { startTestServer } from './server.ts'

const command = resolve(import.meta.dirname, '..', 'bin', 'k8ts')
/** Short, so that the next one need not be waited for. */
const quickElection = [
  '--leader-elect-lease-duration=3s',
  '--leader-elect-renew-deadline=2s',
  '--leader-elect-retry-period=300ms',
]

let dir = ''
let server: Server
let client: Client
before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'k8ts-alone-'))
  server = await startTestServer(dir)
  client = server.client
  for (const user of ['system:kube-scheduler', 'system:kube-controller-manager']) {
    writeFileSync(kubeconfigOf(user), await kubeconfigFor(user))
  }
  for (const name of ['one', 'two']) await addNode(name)
})
after(async () => {
  await server.close()
  rmSync(dir, { recursive: true })
})

const kubeconfigOf = (user: string) => join(dir, `${user.replace('system:', '')}.kubeconfig`)
const pki = (file: string) => join(dir, 'data', 'pki', file)

/** What kubeadm would write for a component: a client certificate of the cluster's CA. */
async function kubeconfigFor(commonName: string): Promise<string> {
  const ca = readFileSync(pki('ca.crt'), 'utf8')
  const [block] = pemDecode(ca)
  assert.ok(block !== undefined)
  const issuer = {
    certificate: parseCertificate(block.der),
    key: keyPairFromPem(readFileSync(pki('ca.key'), 'utf8')),
  }
  const key = generateKeyPair('ecdsa-p256', realRandom)
  const certificate = issueCertificate(
    {
      subject: { commonName, organizations: [] },
      publicKey: key.publicKey,
      usages: ['digital signature', 'client auth'],
      notBeforeMs: realClock.now() - 60_000,
      notAfterMs: realClock.now() + 3_600_000,
    },
    issuer,
    realRandom,
  )
  return standaloneKubeconfig({
    name: 'test',
    server: server.url,
    ca,
    certificate: certificate.pem,
    key: privateKeyToPem(key.privateKey),
  })
}

async function addNode(name: string): Promise<void> {
  const nodes = client.resource(Node)
  await nodes.create({ metadata: { name } })
  // A new node is tainted until it says that it is ready; here nobody takes the taint away.
  await nodes.patch(name, { type: 'merge', patch: { spec: { taints: null } } })
  const status = { allocatable: { cpu: '8', memory: '8Gi', pods: '110' } }
  await nodes.subresource('status').patch(name, { type: 'merge', patch: { status } })
}

interface Running {
  readonly url: string
  readonly exited: Promise<number | null>
  readonly stderr: () => string
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** Starts a component on a free port; resolves when it serves. */
function start(t: TestContext, component: string, ...more: string[]): Promise<Running> {
  return startWith(t, component, kubeconfigOf(`system:kube-${component}`), ...more)
}

async function startWith(
  t: TestContext,
  component: string,
  kubeconfig: string,
  ...more: string[]
): Promise<Running> {
  const port = await freePort()
  const args = ['--kubeconfig', kubeconfig, '--secure-port', String(port), ...more]
  const child = spawn(command, [component, ...args], {
    cwd: dir,
    env: { PATH: process.env['PATH'], HOME: dir },
  })
  t.after(() => child.kill('SIGKILL'))
  const exited = new Promise<number | null>((done) => child.once('exit', (code) => done(code)))
  let err = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  const ready = new Promise<void>((done) => child.stdout.once('data', () => done()))
  await Promise.race([ready, exited.then(() => assert.fail(`no start: ${err}`))])
  return {
    url: `https://127.0.0.1:${port}`,
    exited,
    stderr: () => err,
    stop(signal = 'SIGTERM') {
      child.kill(signal)
      return exited
    },
  }
}

function freePort(): Promise<number> {
  return new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => done(typeof address === 'object' ? (address?.port ?? 0) : 0))
    })
  })
}

/** Without credentials, of a server that nobody vouches for. */
function ask(url: string): Promise<{ code: number | undefined; text: string }> {
  return new Promise((done, failed) => {
    get(url, { rejectUnauthorized: false, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.on('end', () => done({ code: response.statusCode, text }))
    }).on('error', failed)
  })
}

function eventually<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  return poll({ clock: realClock, intervalMs: 50, timeoutMs: 20_000, what }, look)
}

async function holderOf(name: string): Promise<string | undefined> {
  try {
    const lease = await client.resource(Lease).namespace('kube-system').get(name)
    return lease.spec.holderIdentity ?? undefined
  } catch (error) {
    if (hasReason(error, 'NotFound')) return undefined
    throw error
  }
}

async function addPod(name: string): Promise<void> {
  await client
    .resource(Pod)
    .namespace('default')
    .create({ metadata: { name }, spec: { containers: [{ name: 'web', image: 'web' }] } })
}

const nodeOf = async (name: string) =>
  (await client.resource(Pod).namespace('default').get(name)).spec.nodeName || undefined

describe('components that run alone', () => {
  it('bring a Deployment to nodes, and end cleanly', async (t) => {
    const [scheduler, manager] = await Promise.all([
      start(t, 'scheduler'),
      start(
        t,
        'controller-manager',
        '--use-service-account-credentials',
        '--controllers=*,-node-lifecycle-controller',
        '--service-account-private-key-file',
        pki('sa.key'),
        '--allocate-node-cidrs=true',
        '--cluster-cidr=10.42.0.0/16',
      ),
    ])
    await client
      .resource(Deployment)
      .namespace('default')
      .create({
        metadata: { name: 'web' },
        spec: {
          replicas: 3,
          selector: { matchLabels: { app: 'web' } },
          template: {
            metadata: { labels: { app: 'web' } },
            spec: { containers: [{ name: 'web', image: 'web' }] },
          },
        },
      })
    const selector = { labelSelector: 'app=web' }
    const pods = await eventually('three bound pods', async () => {
      const { items } = await client.resource(Pod).namespace('default').list(selector)
      return items.length === 3 && items.every(({ spec }) => spec.nodeName) && items
    })
    const [owner] = pods[0]?.metadata.ownerReferences ?? []
    const sets = await client.resource(ReplicaSet).namespace('default').list(selector)
    assert.equal(owner?.name, sets.items[0]?.metadata.name)
    // Each controller came as its own account, which had to be made for it.
    await client.resource(ServiceAccount).namespace('kube-system').get('replicaset-controller')
    await eventually('a part of the cluster prefix', async () =>
      (await client.resource(Node).get('one')).spec.podCIDR?.startsWith('10.42.'),
    )

    for (const { url } of [scheduler, manager]) {
      assert.deepEqual(await ask(`${url}/healthz`), { code: 200, text: 'ok' })
      assert.match(
        (await ask(`${url}/readyz?verbose`)).text,
        /\+\]leaderElection ok\n\[\+\]informer-sync ok/,
      )
      assert.equal((await ask(`${url}/api`)).code, 404)
    }
    const metrics = (await ask(`${scheduler.url}/metrics`)).text
    assert.match(metrics, /^leader_election_master_status\{name="kube-scheduler"\} 1$/m)
    assert.match(metrics, /^scheduler_schedule_attempts_total\{.*result="scheduled"\} 3$/m)
    assert.match(metrics, /^process_resident_memory_bytes \d+/m)
    const work = (await ask(`${manager.url}/metrics`)).text
    assert.match(work, /^workqueue_adds_total\{name="deployment-controller"\} [1-9]/m)
    assert.doesNotMatch(work, /node-lifecycle-controller/)

    for (const [running, lease] of [
      [scheduler, 'kube-scheduler'],
      [manager, 'kube-controller-manager'],
    ] as const) {
      assert.match((await holderOf(lease)) ?? '', /_/)
      assert.equal(await running.stop(), 0)
      assert.equal(await holderOf(lease), undefined)
      assert.equal(running.stderr(), '')
    }
  })

  it('take over from one that was killed', async (t) => {
    const schedulers = [
      await start(t, 'scheduler', ...quickElection),
      await start(t, 'scheduler', ...quickElection),
    ]
    const leads = async ({ url }: Running) =>
      (await ask(`${url}/metrics`)).text.includes('{name="kube-scheduler"} 1')
    const leader = await eventually('a leader', async () => {
      for (const each of schedulers) if (await leads(each)) return each
      return undefined
    })
    const other = schedulers.find((each) => each !== leader)
    assert.ok(other !== undefined)
    assert.equal(await leads(other), false)
    assert.equal((await ask(`${other.url}/readyz`)).code, 200)
    await addPod('first')
    await eventually('a pod of the first leader', () => nodeOf('first'))
    const before = await holderOf('kube-scheduler')
    assert.equal(await leader.stop('SIGKILL'), null)
    await addPod('second')
    await eventually('a pod of the second leader', () => nodeOf('second'))
    assert.notEqual(await holderOf('kube-scheduler'), before)
    assert.equal(await leads(other), true)
    assert.equal(await other.stop(), 0)
  })

  it('end when another one has the lease', async (t) => {
    const running = await start(t, 'scheduler', ...quickElection)
    await eventually('the lead', () => holderOf('kube-scheduler'))
    await client
      .resource(Lease)
      .namespace('kube-system')
      .patch('kube-scheduler', {
        type: 'merge',
        patch: { spec: { holderIdentity: 'someone-else', leaseDurationSeconds: 1 } },
      })
    assert.equal(await running.exited, 1)
    assert.equal(running.stderr(), 'k8ts: kube-scheduler: leader election lost\n')
    assert.equal(await holderOf('kube-scheduler'), 'someone-else')
  })

  it('wait for an API server that is not there, and can be told to stop waiting', async (t) => {
    const port = await freePort()
    const file = join(dir, 'nobody.kubeconfig')
    const text = readFileSync(kubeconfigOf('system:kube-scheduler'), 'utf8')
    writeFileSync(file, text.replace(server.url, `https://127.0.0.1:${port}`))
    for (const component of ['scheduler', 'controller-manager']) {
      for (const elect of [true, false]) {
        const running = await startWith(t, component, file, `--leader-elect=${elect}`)
        assert.equal((await ask(`${running.url}/healthz`)).code, 200)
        const { code } = await ask(`${running.url}/readyz`)
        // A controller manager that has not got the lead is as ready as it can be.
        assert.equal(code, component === 'scheduler' || !elect ? 500 : 200)
        assert.equal(await running.stop(), 0)
      }
    }
  })

  it('work without a lease where they are the only ones', async (t) => {
    const running = await start(t, 'scheduler', '--leader-elect=false')
    await addPod('alone')
    await eventually('a node', () => nodeOf('alone'))
    assert.equal(await running.stop(), 0)
    assert.equal(await holderOf('kube-scheduler'), 'someone-else')
  })
})

describe('components refuse', () => {
  const own = () => ['--kubeconfig', kubeconfigOf('system:kube-scheduler')]
  const usage: readonly (readonly [string, readonly string[], string])[] = [
    ['scheduler', [], '--kubeconfig FILE is needed'],
    ['scheduler', ['--leader-elect=no'], '--leader-elect is true or false, not "no"'],
    [
      'scheduler',
      ['--leader-elect-retry-period=soon'],
      '--leader-elect-retry-period is a duration such as 15s or 1m30s, not "soon"',
    ],
    [
      'scheduler',
      ['--leader-elect-lease-duration=10s'],
      '--leader-elect-lease-duration is longer than --leader-elect-renew-deadline',
    ],
    [
      'scheduler',
      ['--tls-cert-file=/dev/null'],
      '--tls-cert-file and --tls-private-key-file go together',
    ],
    ['controller-manager', ['--allocate-node-cidrs'], '--allocate-node-cidrs needs --cluster-cidr'],
    [
      'controller-manager',
      ['--cluster-cidr=10.42.0.0'],
      '--cluster-cidr is an IP prefix such as 10.42.0.0/16, not "10.42.0.0"',
    ],
    [
      'controller-manager',
      ['--allocate-node-cidrs', '--cluster-cidr=10.42.0.0/16', '--node-cidr-mask-size=8'],
      '--node-cidr-mask-size: a node cannot have a /8 of 10.42.0.0/16',
    ],
    [
      'controller-manager',
      ['--cluster-signing-cert-file=/dev/null'],
      '--cluster-signing-cert-file and --cluster-signing-key-file go together',
    ],
  ]
  for (const [component, flags, message] of usage) {
    it(`${component} ${flags.join(' ')}`, () => {
      assert.deepEqual(
        run(component, ...(message.includes('--kubeconfig') ? [] : own()), ...flags),
        {
          err: `k8ts: ${message}\n`,
          exit: 2,
        },
      )
    })
  }

  const failures: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['scheduler', ['--kubeconfig=nowhere'], /^k8ts: kubeconfig nowhere is not there\n$/],
    ['scheduler', ['--kubeconfig=/dev/null'], /^k8ts: no current context in \/dev\/null\n$/],
    ['scheduler', ['--kubeconfig=/'], /^k8ts: kubeconfig \/ cannot be read: EISDIR/],
    [
      'controller-manager',
      ['--controllers=*,deploymint'],
      /^k8ts: --controllers: "deploymint" is not in the list of known controllers: serviceaccount-token-controller, /,
    ],
    [
      'controller-manager',
      ['--controllers=nodeipam'],
      /^k8ts: --controllers: node-ipam-controller needs --allocate-node-cidrs and --cluster-cidr\n$/,
    ],
    [
      'controller-manager',
      ['--service-account-private-key-file=/dev/null'],
      /^k8ts: a key or certificate cannot be used: no PEM block holds a private key\n$/,
    ],
  ]
  for (const [component, flags, message] of failures) {
    it(`${component} ${flags.join(' ')}`, () => {
      const named = flags.some((flag) => flag.startsWith('--kubeconfig'))
      const { err, exit } = run(component, '--secure-port=0', ...(named ? [] : own()), ...flags)
      assert.match(err, message)
      assert.equal(exit, 1)
    })
  }

  it('a port that is taken', async (t) => {
    const taken = createServer().listen(0, '127.0.0.1')
    t.after(() => taken.close())
    await new Promise((done) => taken.once('listening', done))
    const address = taken.address()
    const port = typeof address === 'object' ? address?.port : undefined
    assert.deepEqual(run('scheduler', ...own(), `--secure-port=${port}`), {
      err: `k8ts: port ${port} of 127.0.0.1 is taken by another program: name another one with --secure-port\n`,
      exit: 1,
    })
  })
})

function run(...args: string[]): { err: string; exit: number | null } {
  const { stderr, status } = spawnSync(command, args, {
    cwd: dir,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: dir },
    timeout: 20_000,
  })
  return { err: stderr, exit: status }
}
