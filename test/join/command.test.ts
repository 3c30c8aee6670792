import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, watch } from 'node:fs'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { CertificateSigningRequest } from '#api'
import { joinCluster } from '#cluster'
import { findKubectls } from '../kubectl/kubectls.ts'
import { judge, runKubectl, type Row } from '../kubectl/run.ts'
import { startJoinable, type JoinableServer } from './joining.ts'

const root = resolve(import.meta.dirname, '..', '..')

let at: JoinableServer
before(async () => {
  at = await startJoinable()
})
after(() => at[Symbol.asyncDispose]())

/** Without blocking: the server is in this process. */
async function k8ts(...args: string[]): Promise<{ out: string; err: string; exit: number }> {
  const child = spawn(join(root, 'bin', 'k8ts'), args, {
    cwd: at.dir,
    env: { PATH: process.env['PATH'], HOME: at.dir },
    timeout: 20_000,
  })
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  const [code] = await once(child, 'close')
  return { out, err, exit: Number(code) }
}

const local = ['--data-dir', 'data']
const word = /^k8ts1\.[0-9a-f]{64}\.([a-z0-9]{6})\.[a-z0-9]{16}\n$/

describe('k8ts token', () => {
  it('makes tokens by which machines join, lists them and deletes them', async () => {
    const made = await k8ts('token', 'create', ...local, '--ttl', '90m', '--description', 'rack 7')
    const [, id = ''] = word.exec(made.out) ?? []
    assert.notEqual(id, '', made.out + made.err)
    await using joined = await joinCluster(at.options('typed', { token: made.out }))
    assert.equal(joined.clientCa, at.ca)

    const listed = await k8ts('token', 'list', ...local)
    assert.match(
      listed.out,
      new RegExp(
        `^TOKEN +TTL +EXPIRES +USAGES +DESCRIPTION +EXTRA GROUPS\n${id} +(89|90)m +\\S+Z +authentication,signing +rack 7 +system:bootstrappers:kubeadm:default-node-token\n$`,
      ),
    )
    const kubeconfig = join(at.dir, 'data', 'admin.kubeconfig')
    const away = await k8ts('token', 'delete', '--kubeconfig', kubeconfig, made.out.trim())
    assert.deepEqual(away, { out: 'deleted\n', err: '', exit: 0 })
    assert.deepEqual(await k8ts('token', 'list', ...local), { out: '', err: '', exit: 0 })
  })

  it('prints what to type on the other machine', async () => {
    const { out } = await k8ts('token', 'create', ...local, '--ttl', '0', '--print-join')
    const [, server, token = ''] = /^k8ts agent --server (\S+) --token (\S+)\n$/.exec(out) ?? []
    assert.equal(server, at.server.url)
    assert.match((await k8ts('token', 'list', ...local)).out, / <forever> +<never> /)
    assert.equal((await k8ts('token', 'delete', ...local, token.split('.')[2] ?? '')).exit, 0)
  })

  const wrong: readonly (readonly [string, readonly string[], number, RegExp])[] = [
    ['a time that is none', ['create', '--ttl', 'soon'], 2, /--ttl is a duration such as 24h/],
    ['a negative time', ['create', '--ttl', '-1h'], 2, /--ttl is a duration such as 24h/],
    ['a token that is not there', ['delete', 'zzzzzz'], 1, /there is no token zzzzzz: k8ts token/],
    ['an id that is none', ['delete', 'Zz'], 1, /the id of a token has six letters/],
    ['no id', ['delete'], 2, /k8ts token delete needs ID/],
    ['no server', ['list', '--data-dir', 'nowhere'], 1, /nowhere holds no kubeconfig: start/],
    ['no kubeconfig', ['list', '--kubeconfig', 'nothing'], 1, /kubeconfig nothing is not there/],
  ]
  for (const [what, [verb = '', ...words], exit, message] of wrong) {
    it(`refuses ${what}`, async () => {
      const more = words.includes('--data-dir') ? [] : local
      const outcome = await k8ts('token', verb, ...more, ...words)
      assert.equal(outcome.exit, exit)
      assert.match(outcome.err, message)
      assert.equal(outcome.out, '')
    })
  }
})

describe('kubectl', () => {
  const rows: readonly Row[] = [
    {
      args: 'get csr --no-headers --sort-by=.spec.signerName',
      out: 'node-csr-<any> <age> kubernetes.io/kube-apiserver-client-kubelet system:bootstrap:<any> <none> Approved,Issued',
      since: 22,
    },
    {
      args: 'get csr --no-headers',
      out: /^node-csr-\S+ .*kubernetes\.io\/kube-apiserver-client-kubelet +system:bootstrap:\S+ .*Approved,Issued\n$/,
    },
    {
      args: 'get secrets -n kube-system --field-selector type=bootstrap.kubernetes.io/token --no-headers',
      out: 'bootstrap-token-<any> bootstrap.kubernetes.io/token 6 <age>',
    },
    {
      args: 'get service kube-dns -n kube-system --no-headers',
      out: 'kube-dns ClusterIP 10.43.0.10 <none> 53/UDP,53/TCP <age>',
    },
    { args: 'get configmap cluster-info -n kube-public -o name', out: 'configmap/cluster-info' },
  ]

  it('sees tokens, requests and what else nodes need; a node sees its own', async () => {
    await at.server.client.resource(CertificateSigningRequest).deleteCollection()
    await using joined = await joinCluster(at.options('seen', { token: await at.token() }))
    const admin = { HOME: at.dir, KUBECONFIG: join(at.dir, 'data', 'admin.kubeconfig') }
    for (const kubectl of findKubectls()) {
      for (const row of rows) {
        if ((row.since ?? 0) > kubectl.minor) continue
        assert.equal(judge(row, await runKubectl(kubectl, row, admin)), '', `1.${kubectl.minor}`)
      }
      const own = { HOME: at.dir, KUBECONFIG: joined.kubeconfig }
      for (const [args, out] of [
        ['auth can-i create nodes', 'yes'],
        ['auth can-i watch endpointslices.discovery.k8s.io -A', 'yes'],
        ['auth can-i list services -A', 'yes'],
        ['auth can-i list secrets -n kube-system', 'no - No Object name found'],
      ] as const) {
        // Old ones warn that nodes are in no namespace.
        const row: Row = { args, out, err: /^/, exit: out === 'yes' ? 0 : 1 }
        const outcome = await runKubectl(kubectl, row, own)
        assert.equal(judge(row, outcome), '', `1.${kubectl.minor} ${args}`)
      }
    }
  })
})

describe('a join that is killed', () => {
  it('is taken up again, wherever it was', { timeout: 120_000 }, async () => {
    const requests = at.server.client.resource(CertificateSigningRequest)
    await requests.deleteCollection()
    const token = await at.token()
    const directory = join(at.dir, 'killed')
    const pki = join(directory, 'pki')
    const start = () =>
      spawn(
        process.execPath,
        [
          '--conditions=source',
          join(import.meta.dirname, 'child.ts'),
          at.server.url,
          token,
          'killed',
          directory,
        ],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      )
    mkdirSync(pki, { recursive: true })
    // Each time it is killed as soon as a file of the next name is there.
    for (const file of ['ca.crt', 'kubelet-client.key.tmp', 'kubelet-client-current.pem']) {
      const changes = watch(pki)
      const child = start()
      const exited = once(child, 'exit')
      changes.on('change', () => {
        if (existsSync(join(pki, file))) child.kill('SIGKILL')
      })
      await exited
      changes.close()
      assert.ok(existsSync(join(pki, file)), file)
    }
    const child = start()
    let out = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    const [code] = await once(child, 'close')
    assert.deepEqual([code, out], [0, `${join(directory, 'kubelet.conf')}\n`])
    const { items } = await requests.list()
    assert.equal(items.length, 1)
    const row = { args: 'auth can-i create nodes' }
    const [kubectl] = findKubectls()
    assert.ok(kubectl !== undefined)
    const { out: answer } = await runKubectl(kubectl, row, {
      HOME: at.dir,
      KUBECONFIG: join(directory, 'kubelet.conf'),
    })
    assert.equal(answer.trim(), 'yes')
  })
})
