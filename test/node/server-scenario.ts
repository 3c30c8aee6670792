import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { after, before, test } from 'node:test'
import { ClusterRole, ClusterRoleBinding, Node, ServiceAccount, type Pod } from '#api'
import { poll, realClock } from '#base'
import { encodeTerminalSize, readAll } from '#streaming'
import {
  kubeletClient,
  outcome,
  servingMaterial,
  type Identity,
} from '../kubelet/kubelet-client.ts'
import { image, nodeName, startNode, type NodeUnderTest } from './node-under-test.ts'

const directory = process.env['K8TS_TEST_DIRECTORY'] ?? ''
const cgroupRoot = process.env['K8TS_TEST_CGROUP'] ?? ''
let node: NodeUnderTest

before(async () => {
  node = await startNode(directory, cgroupRoot)
})

after(async () => {
  await node.stop()
  await rm(directory, { recursive: true, force: true })
})

const sh = (script: string) => ['sh', '-c', script]
/** Ends when it is told to, which a first process of a namespace does not by itself. */
const forever = 'trap exit TERM; while :; do sleep 0.1; done'
const isRunning = ({ status }: Pod) => status.containerStatuses?.[0]?.state?.running !== undefined
const isReady = (pod: Pod) =>
  pod.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
const uidOf = (pod: Pod) => pod.metadata.uid ?? ''

const clientOf = (identity: Identity) =>
  kubeletClient({ host: '127.0.0.1', port: 10250, ca: node.pki.ca, identity })
/** As the API server. */
const kubelet = () => clientOf({ credential: node.pki.kubeletClient })
const somebody = (name: string) =>
  clientOf({ credential: node.pki.client(name, { commonName: name, organizations: [] }) })

async function run(name: string, script: string, more: object = {}): Promise<Pod> {
  await node.create(name, {
    terminationGracePeriodSeconds: 1,
    containers: [{ name: 'main', image, command: sh(script), ...more }],
  })
  return node.until(name, isRunning)
}

async function remove(name: string): Promise<void> {
  await node.pods.delete(name)
  await node.untilGone(name)
}

test('the node says where its kubelet is, and what images it has', async () => {
  const { status } = await node.client.resource(Node).get(nodeName)
  assert.equal(status.daemonEndpoints?.kubeletEndpoint?.Port, 10250)
  assert.ok(status.images?.some(({ names }) => names?.includes(image)))
})

test('nobody unknown is let in, and nobody who may not', async () => {
  for (const stranger of [clientOf({}), clientOf({ token: 'made-up' })]) {
    const { code, body } = await stranger.get('/healthz')
    assert.deepEqual({ code, body }, { code: 401, body: 'Unauthorized' })
  }
  const { code, body } = await somebody('jane').get('/pods')
  assert.equal(code, 403)
  assert.equal(
    body,
    'Forbidden (user=jane, verb=get, resource=nodes, subresource(s)=[pods proxy])\n',
  )
  await assert.rejects(somebody('jane').command('/exec/default/x/main', { command: ['id'] }), {
    httpStatus: 403,
    body: 'Forbidden (user=jane, verb=create, resource=nodes, subresource(s)=[proxy])\n',
  })
})

test('tokens are good for what their owners may do', async () => {
  const accounts = node.client.resource(ServiceAccount).namespace('default')
  await accounts.create({ metadata: { name: 'monitor' } })
  const made: unknown = await accounts.subresource('token').create('monitor', {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: {},
    spec: { audiences: [], expirationSeconds: 600 },
  })
  const { token } = (made as { status: { token: string } }).status
  const resources = ['nodes/metrics', 'nodes/pods']
  const rules = [{ apiGroups: [''], resources, verbs: ['get'] }]
  await node.client.resource(ClusterRole).create({ metadata: { name: 'monitor' }, rules })
  await node.client.resource(ClusterRoleBinding).create({
    metadata: { name: 'monitor' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'monitor' },
    subjects: [{ kind: 'ServiceAccount', name: 'monitor', namespace: 'default' }],
  })
  const monitor = clientOf({ token })
  assert.equal((await monitor.get('/metrics/resource')).code, 200)
  assert.equal((await monitor.get('/pods')).code, 200)
  assert.match((await monitor.get('/configz')).body, /subresource\(s\)=\[configz proxy\]\)\n$/)
  const { code, body } = await monitor.get('/stats/summary')
  assert.equal(code, 403)
  assert.match(body, /^Forbidden \(user=system:serviceaccount:default:monitor, verb=get/)
})

test('a program runs in a container, with its streams and its end', async () => {
  await run('shell', forever)
  const path = '/exec/default/shell/main'
  for (const carrier of ['spdy', 'websocket'] as const) {
    const script = sh('cat; echo out; echo err >&2; exit 7')
    const client = await kubelet().command(path, { stdin: true, command: script }, carrier)
    const { out, err, code } = await outcome(client, 'in\n')
    assert.deepEqual({ out, err, code }, { out: 'in\nout\n', err: 'err\n', code: 7 }, carrier)
  }
  const large = await kubelet().command(path, { command: sh('head -c 5000000 /dev/zero | wc -c') })
  assert.equal((await outcome(large)).out, '5000000\n')
  const { uid = '' } = (await node.pods.get('shell')).metadata
  const byUid = await kubelet().command(`/exec/default/shell/${uid}/main`, {
    command: ['id', '-u'],
  })
  assert.deepEqual((await outcome(byUid)).out, '0\n')
  const absent = await kubelet().command(path, { command: ['no-such-program'] })
  const { status } = await outcome(absent)
  assert.equal(status.status, 'Failure')
  assert.match(status.message ?? '', /no-such-program/)
})

test('a terminal has a size, which can change', async () => {
  const script = sh('stty size; read x; stty size; exit 3')
  const client = await kubelet().command(
    '/exec/default/shell/main',
    { stdin: true, tty: true, command: script },
    'websocket',
  )
  const { stdin, stdout, resize } = client
  await resize?.write(encodeTerminalSize({ width: 80, height: 24 }))
  await poll(
    { clock: realClock, intervalMs: 20, timeoutMs: 10_000, what: 'the size of the terminal' },
    async () => {
      // Whether the first size came before the program is not promised.
      const asked = await kubelet().command('/exec/default/shell/main', {
        command: sh(
          'for p in /proc/[0-9]*; do tr "\\0" " " <$p/cmdline; stty -F $p/fd/0 size; done',
        ),
      })
      return (await outcome(asked)).out.includes('24 80')
    },
  )
  await resize?.write(encodeTerminalSize({ width: 132, height: 50 }))
  await poll(
    { clock: realClock, intervalMs: 20, timeoutMs: 10_000, what: 'the size of the terminal' },
    async () => {
      const asked = await kubelet().command('/exec/default/shell/main', {
        command: sh('for p in /proc/[0-9]*; do stty -F $p/fd/0 size; done'),
      })
      return (await outcome(asked)).out.includes('50 132')
    },
  )
  await stdin?.write(Buffer.from('\n'))
  const out = stdout === undefined ? '' : (await readAll(stdout, 4096)).toString()
  assert.match(out, /50 132\r\n$/)
  const status = await client.result
  assert.equal(status.details?.causes?.[0]?.message, '3')
  await client.close()
})

test('an ephemeral container looks into a running one', async () => {
  await node.pods.subresource('ephemeralcontainers').patch('shell', {
    type: 'strategic',
    patch: {
      spec: {
        ephemeralContainers: [
          { name: 'debug', image, command: sh(forever), targetContainerName: 'main' },
        ],
      },
    },
  })
  await node.until(
    'shell',
    ({ status }) => status.ephemeralContainerStatuses?.[0]?.state?.running !== undefined,
  )
  const seen = await kubelet().command('/exec/default/shell/debug', {
    command: sh('tr "\\0" " " </proc/1/cmdline; ls /proc/1/root/dev/null'),
  })
  assert.match(
    (await outcome(seen)).out,
    /^sh -c trap exit TERM.*\n?.*\/proc\/1\/root\/dev\/null\n$/,
  )
  const { status } = await node.pods.get('shell')
  assert.equal(status.containerStatuses?.[0]?.restartCount, 0)
  assert.equal(isReady(await node.pods.get('shell')), true)
})

test('what cannot be run is said before the protocol is switched', async () => {
  const refused = (path: string) => kubelet().command(path, { command: ['id'] })
  await assert.rejects(refused('/exec/default/nobody/main'), {
    httpStatus: 404,
    body: 'pod does not exist',
  })
  await assert.rejects(refused('/exec/default/shell/other'), {
    httpStatus: 500,
    body: 'container not found ("other")',
  })
  await assert.rejects(refused('/exec/default/shell/another-uid/main'), { httpStatus: 500 })
  const plain = await kubelet().get('/exec/default/shell/main?command=id')
  assert.deepEqual(
    [plain.code, plain.body],
    [400, 'you must specify at least 1 of stdin, stdout, stderr'],
  )
  const still = await kubelet().get('/exec/default/shell/main?command=id&output=1')
  assert.deepEqual([still.code, still.body], [500, 'Upgrade request required'])
})

test('a program runs to its end without streams', async () => {
  const client = kubelet()
  const { code, body } = await client.get('/run/default/shell/main?cmd=echo+hello+there', 'POST')
  assert.deepEqual({ code, body }, { code: 200, body: 'hello there\n' })
  assert.equal((await client.get('/run/default/shell/main?cmd=false', 'POST')).code, 500)
  assert.equal((await client.get('/run/default/shell/main?cmd=id')).code, 405)
  await remove('shell')
})

test("a client attaches to a container's own streams", async () => {
  const script = 'while read line; do echo "got $line"; done; echo over; exit 4'
  await run('reader', script, { stdin: true, stdinOnce: true })
  const client = await kubelet().command('/attach/default/reader/main', { stdin: true })
  const { out } = await outcome(client, 'one\ntwo\n')
  assert.equal(out, 'got one\ngot two\nover\n')
  await node.until('reader', ({ status }) => (status.containerStatuses?.[0]?.restartCount ?? 0) > 0)
  await remove('reader')
})

test('ports of a pod are reached, and so are those of a pod in the network of the node', async () => {
  const serve = (port: number) =>
    `mkdir /www; echo "page ${port}" > /www/index.html; httpd -h /www -p ${port}; ${forever}`
  await run('web', serve(8080))
  await node.create('host-web', {
    hostNetwork: true,
    terminationGracePeriodSeconds: 1,
    containers: [{ name: 'main', image, command: sh(serve(18_080)) }],
  })
  await node.until('host-web', isRunning)
  const ask = async (pod: string, port: number, carrier: 'spdy' | 'websocket') => {
    const client = await kubelet().portForward(`/portForward/default/${pod}`, carrier)
    try {
      return await poll(
        { clock: realClock, intervalMs: 50, timeoutMs: 10_000, what: `${pod} to serve` },
        async () => {
          const { data, error } = await client.open(port)
          await data.write(Buffer.from('GET / HTTP/1.0\r\n\r\n'))
          const [answer, said] = await Promise.all([
            readAll(data, 64 * 1024).catch(() => Buffer.alloc(0)),
            readAll(error, 1024).catch(() => Buffer.alloc(0)),
          ])
          return said.length === 0 && answer.length > 0 ? answer.toString() : undefined
        },
      )
    } finally {
      await client.close()
    }
  }
  for (const carrier of ['spdy', 'websocket'] as const) {
    assert.match(await ask('web', 8080, carrier), /page 8080\n$/)
    assert.match(await ask('host-web', 18_080, carrier), /page 18080\n$/)
  }
  const client = await kubelet().portForward('/portForward/default/web')
  const { error } = await client.open(9)
  assert.match((await readAll(error, 1024)).toString(), /failed to connect|connection refused/)
  await client.close()
  await assert.rejects(kubelet().portForward('/portForward/default/nobody'), { httpStatus: 404 })
  await remove('host-web')
})

test('usage is told for the node, its pods and their containers', async () => {
  const { body } = await kubelet().get('/stats/summary')
  const { node: own, pods } = JSON.parse(body)
  assert.equal(own.nodeName, nodeName)
  assert.ok(own.cpu.usageCoreNanoSeconds > 0)
  assert.ok(own.fs.capacityBytes > 0 && own.memory.workingSetBytes > 0)
  const web = pods.find(({ podRef }: { podRef: { name: string } }) => podRef.name === 'web')
  assert.ok(web.network.rxBytes > 0)
  assert.equal(web.containers[0].name, 'main')
  assert.ok(web.containers[0].memory.usageBytes > 0)
  // The runtime looks at disks every ten seconds only.
  assert.equal(typeof web.containers[0].rootfs.usedBytes, 'number')
  const brief = JSON.parse((await kubelet().get('/stats/summary?only_cpu_and_memory=true')).body)
  assert.equal(brief.node.fs, undefined)
  const metrics = async (path: string) => (await kubelet().get(path)).body
  assert.match(
    await metrics('/metrics/resource'),
    /^container_cpu_usage_seconds_total\{container="main",namespace="default",pod="web"\} [\d.]+ \d+$/m,
  )
  assert.match(
    await metrics('/metrics/cadvisor'),
    /^container_memory_rss\{.*pod="web".*\} \d+ \d+$/m,
  )
  assert.match(await metrics('/metrics'), /^kubelet_running_pods 1$/m)
  assert.equal((await kubelet().get('/metrics/probes')).code, 200)
  assert.match(await metrics('/metrics'), /^kubelet_http_requests_total\{.*path="exec".*\} \d+$/m)
})

test('the kubelet says what it has and how it is', async () => {
  const client = kubelet()
  const pods = JSON.parse((await client.get('/pods')).body)
  assert.deepEqual([pods.kind, pods.items[0].metadata.name], ['PodList', 'web'])
  const running = JSON.parse((await client.get('/runningpods/')).body)
  assert.equal(running.items[0].spec.containers[0].name, 'main')
  assert.equal((await client.get('/healthz')).body, 'ok')
  assert.equal((await client.get('/healthz/syncloop')).body, 'ok')
  assert.match((await client.get('/healthz?verbose')).body, /^\[\+\]ping ok\n\[\+\]log ok\n/)
  const { kubeletconfig } = JSON.parse((await client.get('/configz')).body)
  assert.equal(kubeletconfig.cgroupRoot, cgroupRoot)
  const listing = await client.get('/logs/pods/')
  assert.match(listing.body, new RegExp(`<a href="default_web_${pods.items[0].metadata.uid}/">`))
  assert.equal((await client.get('/logs/../../secret')).code, 404)
  assert.equal((await client.get('/nothing')).code, 404)
  await remove('web')
})

test('a log is shown as it is asked for', async () => {
  await run('talker', `for i in 1 2 3; do echo "line $i"; done; echo oops >&2; ${forever}`)
  const log = '/containerLogs/default/talker/main'
  const until = async (path: string, expected: RegExp) =>
    poll(
      { clock: realClock, intervalMs: 20, timeoutMs: 10_000, what: `the log at ${path}` },
      async () => {
        const { body } = await kubelet().get(path)
        return expected.test(body) ? body : undefined
      },
    )
  // The two streams are written beside each other.
  const whole = await until(log, /oops[^]*line 3|line 3[^]*oops/)
  assert.equal(whole.replace('oops\n', ''), 'line 1\nline 2\nline 3\n')
  assert.equal((await kubelet().get(`${log}?stream=Stdout`)).body, 'line 1\nline 2\nline 3\n')
  assert.match(
    (await kubelet().get(`${log}?tailLines=2&timestamps=true`)).body,
    /^\d{4}-.*Z .*\n.*\n$/,
  )
  assert.equal((await kubelet().get(`${log}?limitBytes=4&stream=Stdout`)).body, 'line')
  assert.equal((await kubelet().get(`${log}?stream=Stderr`)).body, 'oops\n')
  assert.equal((await kubelet().get(`${log}?sinceTime=2100-01-01T00:00:00Z`)).body, '')
  const errors: [string, number, string][] = [
    [`${log}?tailLines=x`, 400, '{"message": "Unable to decode query."}'],
    [`${log}?tailLines=-1`, 422, '{"message": "Invalid request."}'],
    [`${log}?previous=true`, 400, 'previous terminated container "main" in pod "talker" not found'],
    ['/containerLogs/default/nobody/main', 404, 'pod "nobody" does not exist'],
    ['/containerLogs/default/talker/x', 404, 'container "x" not found in pod "talker"'],
  ]
  for (const [path, code, body] of errors) {
    const answer = await kubelet().get(path)
    assert.deepEqual([answer.code, answer.body], [code, body], path)
  }
  await remove('talker')
})

test('the log before the last restart is kept', async () => {
  await node.create('again', {
    terminationGracePeriodSeconds: 1,
    containers: [
      {
        name: 'main',
        image,
        command: sh(
          `echo "life of $HOSTNAME"; [ -e /data/was ] || { touch /data/was; exit 1; }; ${forever}`,
        ),
        volumeMounts: [{ name: 'data', mountPath: '/data' }],
      },
      { name: 'late', image: 'docker.io/library/absent:1', imagePullPolicy: 'Never' },
    ],
    volumes: [{ name: 'data', emptyDir: {} }],
  })
  await node.until('again', (pod) => {
    const [main] = pod.status.containerStatuses ?? []
    return main?.restartCount === 1 && main.state?.running !== undefined
  })
  const log = '/containerLogs/default/again/main'
  assert.equal((await kubelet().get(`${log}?previous=true`)).body, 'life of again\n')
  const waiting = await kubelet().get('/containerLogs/default/again/late')
  assert.equal(waiting.code, 400)
  assert.match(
    waiting.body,
    /^container "late" in pod "again" is waiting to start: (ContainerCreating|ErrImageNeverPull)$/,
  )
  await remove('again')
})

test('a followed log goes on through rotation and a restart of containerd, to the end', async () => {
  // It says the next number each time its file is there.
  const script =
    'n=0; while [ $n -lt 40 ]; do [ -e /data/$n ] && { echo "number $n"; n=$((n+1)); } || sleep 0.02; done'
  await node.create('counter', {
    restartPolicy: 'Never',
    containers: [
      {
        name: 'main',
        image,
        command: sh(script),
        volumeMounts: [{ name: 'data', mountPath: '/data' }],
      },
    ],
    volumes: [{ name: 'data', hostPath: { path: `${directory}/data`, type: 'DirectoryOrCreate' } }],
  })
  const pod = await node.until('counter', isRunning)
  const say = (from: number, to: number) =>
    node.exec.run(
      'touch',
      Array.from({ length: to - from }, (_, i) => `${directory}/data/${from + i}`),
    )
  const response = await kubelet().open('/containerLogs/default/counter/main?follow=true')
  let text = ''
  response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  const ended = once(response, 'end')
  const numbers = (to: number) => Array.from({ length: to }, (_, i) => `number ${i}\n`).join('')
  const until = (to: number) =>
    poll(
      { clock: realClock, intervalMs: 10, timeoutMs: 15_000, what: `number ${to - 1}` },
      () => text.length >= numbers(to).length,
    )
  await say(0, 10)
  await until(10)
  await node.rotate(uidOf(pod), 'counter', 'main')
  await say(10, 20)
  await until(20)
  const files = await readdir(dirname(node.logs(uidOf(pod), 'counter', 'main')))
  assert.equal(files.filter((name) => name.startsWith('0.log.')).length, 1)
  await node.killContainerd()
  await say(20, 40)
  await ended
  assert.equal(text, numbers(40))
  // It has ended, and can be read as long as its pod is there.
  await node.until('counter', ({ status }) => status.phase === 'Succeeded')
  const whole = await kubelet().get('/containerLogs/default/counter/main')
  assert.equal(whole.body, numbers(40))
  const last = await kubelet().get('/containerLogs/default/counter/main?tailLines=35')
  assert.equal(last.body, numbers(40).slice(numbers(5).length))
  await remove('counter')
  assert.equal((await kubelet().get('/containerLogs/default/counter/main')).code, 404)
})

test('many streams at once get through, and nothing of them is left', async () => {
  await run('busy', `n=0; while :; do echo "tick $n"; n=$((n+1)); sleep 0.05; done`)
  const descriptors = () => readdirSync('/proc/self/fd').length
  const script = sh('cat; exit 2')
  const command = async (i: number) => {
    const carrier = i % 2 === 0 ? 'spdy' : 'websocket'
    const client = await kubelet().command(
      '/exec/default/busy/main',
      { stdin: true, command: script },
      carrier,
    )
    const { out, code } = await outcome(client, `${'x'.repeat(100_000)}${i}`)
    assert.deepEqual(
      [out.length, out.endsWith(String(i)), code],
      [100_000 + String(i).length, true, 2],
    )
  }
  await command(0)
  const before = descriptors()
  const logs = await Promise.all(
    Array.from({ length: 10 }, () => kubelet().open('/containerLogs/default/busy/main?follow=1')),
  )
  await Promise.all(logs.map((response) => once(response, 'data')))
  await Promise.all(Array.from({ length: 20 }, (_, i) => command(i)))
  // Clients that leave in the middle of everything.
  const left = await kubelet().command('/exec/default/busy/main', { command: sh('sleep 1000') })
  left.abort()
  for (const response of logs) response.destroy()
  await poll(
    { clock: realClock, intervalMs: 50, timeoutMs: 15_000, what: 'the streams to be closed' },
    () => descriptors() <= before,
  )
  await remove('busy')
})

test('a new serving certificate is used from then on', async () => {
  const before = await serialOf()
  node.serving.change(servingMaterial(node.pki.ca, ['127.0.0.1']))
  assert.notEqual(await serialOf(), before)
  assert.equal((await kubelet().get('/healthz')).code, 200)
})

async function serialOf(): Promise<string> {
  const response = await kubelet().open('/healthz')
  const { socket } = response
  const certificate = 'getPeerX509Certificate' in socket ? socket.getPeerX509Certificate : undefined
  assert.ok(typeof certificate === 'function')
  const found: unknown = certificate.call(socket)
  response.resume()
  return (found as { serialNumber: string }).serialNumber
}
