import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import {
  apply,
  directory,
  downCluster,
  image,
  inNode,
  kubectl,
  output,
  run,
  until,
  upCluster,
} from './cluster.ts'

/**
 * This machine has an uplink to a namespace that stands for the world; what arrives there is
 * counted. Nodes may get out by it, under this machine's address.
 */
const world = join(directory, 'world.net')
const uplinkAddress = '192.0.2.2'
const elsewhere = '198.51.100.1'

before(async () => {
  await writeFile(world, '')
  await output('unshare', `--net=${world}`, 'true')
  await output(
    'ip',
    'link',
    'add',
    'uplink',
    'type',
    'veth',
    'peer',
    'name',
    'world',
    'netns',
    world,
  )
  await output('ip', 'address', 'add', `${uplinkAddress}/24`, 'dev', 'uplink')
  await output('ip', 'link', 'set', 'dev', 'uplink', 'up')
  await output('ip', 'route', 'add', 'default', 'via', '192.0.2.1')
  await inWorld('ip', 'link', 'set', 'dev', 'lo', 'up')
  await inWorld('ip', 'address', 'add', '192.0.2.1/24', 'dev', 'world')
  await inWorld('ip', 'address', 'add', `${elsewhere}/32`, 'dev', 'lo')
  await inWorld('ip', 'link', 'set', 'dev', 'world', 'up')
  await inWorld('nft', capture)
  await upCluster('--nodes=2', '--publish=18080:30080')
  await apply(objects)
  await kubectl('rollout', 'status', 'deployment/web', '--timeout=60s')
  await kubectl('wait', '--for=condition=Ready', 'pods', '--all', '--timeout=60s')
})

after(async () => {
  await downCluster()
  await run('umount', [world])
  await run('ip', ['link', 'delete', 'dev', 'uplink'])
  await rm(directory, { recursive: true, force: true })
})

const capture = `table netdev capture {
  chain ingress {
    type filter hook ingress device world priority 0
    ip daddr { 10.42.0.0/16, 10.43.0.0/16, 100.64.10.0/24 } counter
    ip saddr { 10.42.0.0/16, 10.43.0.0/16, 100.64.10.0/24 } counter
    ip daddr ${elsewhere} ip saddr ${uplinkAddress} counter
  }
}`

const inWorld = (command: string, ...args: readonly string[]) =>
  output('nsenter', `--net=${world}`, '--', command, ...args)

/** Answers with its name and the address that the client came from, which httpd writes as IPv6. */
const server = (selector: string) => `
      terminationGracePeriodSeconds: 1
      containers:
      - name: main
        image: ${image}
        command:
        - sh
        - -c
        - |
          mkdir -p /www/cgi-bin
          cat > /www/cgi-bin/who <<'END'
          #!/bin/sh
          printf 'Content-Type: text/plain\\r\\n\\r\\n%s\\n' "$HOSTNAME $(echo "$REMOTE_ADDR" | sed 's/.*:\\([0-9.]*\\)\\]/\\1/')"
          END
          chmod +x /www/cgi-bin/who
          touch /www/ready
          trap exit TERM
          httpd -f -h /www -p 8080 & wait
        ports: [{ name: http, containerPort: 8080 }]
        readinessProbe: { httpGet: { path: /ready, port: http }, periodSeconds: 1 }
      ${selector}`

const client = (name: string, node: string) => `---
apiVersion: v1
kind: Pod
metadata: { name: ${name}, labels: { app: ${name} } }
spec:
  nodeName: ${node}
  terminationGracePeriodSeconds: 1
  containers:
  - name: main
    image: ${image}
    command: [sh, -c, 'trap exit TERM; while :; do sleep 0.1; done']
`

const service = (name: string, spec: string, app = 'web') => `---
apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec:
  selector: { app: ${app} }
  ports: [{ name: http, port: 80, targetPort: http ${spec.startsWith('nodePort') ? `, ${spec}` : ''} }]
  ${spec.startsWith('nodePort') ? 'type: NodePort' : spec}
`

const objects = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 4
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: ${server('')}
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: single }
spec:
  selector: { matchLabels: { app: single } }
  template:
    metadata: { labels: { app: single } }
    spec: ${server('nodeName: node-1')}
${client('one', 'node-1')}
${client('two', 'node-2')}
${service('web', 'nodePort: 30080')}
${service('headless', 'clusterIP: None')}
${service('single', 'nodePort: 30081', 'single')}
${service('sticky', 'sessionAffinity: ClientIP')}
${service('nobody', 'nodePort: 30089', 'nobody')}
`

const who = '/cgi-bin/who'
const pods = async (app: string) =>
  (
    await kubectl(
      'get',
      'pods',
      `--selector=app=${app}`,
      '-o',
      'jsonpath={range .items[*]}{.metadata.name} {.status.podIP} {.spec.nodeName}{"\\n"}{end}',
    )
  )
    .trim()
    .split('\n')
    .map((line) => {
      const [name = '', ip = '', node = ''] = line.split(' ')
      return { name, ip, node }
    })
const ipOf = (name: string) => kubectl('get', 'pod', name, '-o', 'jsonpath={.status.podIP}')
const clusterIpOf = (name: string) =>
  kubectl('get', 'service', name, '-o', 'jsonpath={.spec.clusterIP}')

/** Lines of the answers to requests from a pod, each on a connection of its own. */
async function fromPod(pod: string, url: string, times = 1): Promise<string[]> {
  const script = `for i in $(seq ${times}); do timeout 5 wget -qO- ${url} || echo failed; done`
  const { out } = await run('kubectl', ['exec', pod, '--', 'sh', '-c', script])
  return out.trim().split('\n')
}

async function fromHost(url: string, times = 1): Promise<string[]> {
  const answers: string[] = []
  for (let i = 0; i < times; i++) {
    const { out, code } = await run('timeout', ['5', 'busybox', 'wget', '-qO-', url])
    answers.push(code === 0 ? out.trim() : 'failed')
  }
  return answers
}

const servers = (answers: readonly string[]) => new Set(answers.map((line) => line.split(' ')[0]))
const clients = (answers: readonly string[]) => new Set(answers.map((line) => line.split(' ')[1]))

test('every pod reaches every pod by its address, and is seen by its own', async () => {
  const all = await pods('web')
  assert.deepEqual(new Set(all.map(({ node }) => node)), new Set(['node-1', 'node-2']))
  for (const from of ['one', 'two']) {
    for (const { name, ip } of all) {
      assert.deepEqual(await fromPod(from, `http://${ip}:8080${who}`), [
        `${name} ${await ipOf(from)}`,
      ])
    }
  }
})

test('a ClusterIP leads to endpoints on both nodes, which see who asks', async () => {
  const all = await pods('web')
  const ip = await clusterIpOf('web')
  for (const from of ['one', 'two']) {
    const answers = await fromPod(from, `http://${ip}${who}`, 40)
    assert.deepEqual(servers(answers), new Set(all.map(({ name }) => name)))
    assert.deepEqual(clients(answers), new Set([await ipOf(from)]))
  }
})

test('nodes themselves reach Services and pods', async () => {
  const [first] = await pods('web')
  for (const node of [1, 2]) {
    for (const url of [`http://${await clusterIpOf('web')}`, `http://${first?.ip}:8080`]) {
      const { out, err } = await inNode(
        node,
        'timeout',
        '5',
        'busybox',
        'wget',
        '-qO-',
        `${url}${who}`,
      )
      assert.match(out, /^web-\S+ (100\.64\.10\.1[12]|10\.42\.[01]\.1)\n$/, err)
    }
  }
})

test('a node port answers on every node, from endpoints on any', async () => {
  const all = new Set((await pods('web')).map(({ name }) => name))
  for (const node of ['100.64.10.11', '100.64.10.12']) {
    const answers = await fromHost(`http://${node}:30080${who}`, 40)
    assert.deepEqual(servers(answers), all)
  }
})

test('a node port of a Local Service answers where there are endpoints, and keeps the source', async () => {
  const patch = '{"spec":{"externalTrafficPolicy":"Local"}}'
  await kubectl('patch', 'service', 'single', '-p', patch)
  const source = await until('the source to be kept', async () => {
    const [answer = ''] = await fromHost(`http://100.64.10.11:30081${who}`)
    return answer.endsWith(' 100.64.10.1') && answer
  })
  assert.match(source, /^single-/)
  // Dropped, not refused: a load balancer is to try another node.
  const { code, err } = await run('busybox', ['nc', '-w', '1', '100.64.10.12', '30081'])
  assert.notEqual(code, 0)
  assert.match(err, /timed out/)
})

test('a published port of this machine leads to the node port', async () => {
  const answers = await fromHost(`http://127.0.0.1:18080${who}`, 20)
  assert.equal(answers.includes('failed'), false)
  assert.ok(servers(answers).size > 1)
})

test('a pod reaches itself by its Service', async () => {
  const [pod] = await pods('single')
  const answers = await fromPod(pod?.name ?? '', `http://${await clusterIpOf('single')}${who}`, 3)
  assert.deepEqual(servers(answers), new Set([pod?.name]))
})

test('with session affinity a client stays with one endpoint', async () => {
  const url = `http://${await clusterIpOf('sticky')}${who}`
  for (const from of ['one', 'two']) {
    assert.equal(servers(await fromPod(from, url, 15)).size, 1)
  }
})

test('a Service without endpoints, and a pod that is none, refuse at once', async () => {
  const refused = async (...where: readonly string[]) =>
    (await run('kubectl', ['exec', 'one', '--', 'nc', '-w', '2', ...where])).err
  assert.match(await refused(await clusterIpOf('nobody'), '80'), /Connection refused/)
  assert.match(await refused('100.64.10.12', '30089'), /Connection refused/)
  assert.match(await refused('10.42.200.200', '80'), /No route to host/)
  // As upstream's rules have it: somebody may be about to get the address.
  assert.match(await refused('10.43.250.250', '80'), /timed out/)
})

test('names lead to Services and pods, by search domains too', async () => {
  const lookup = async (name: string) =>
    (await run('kubectl', ['exec', 'two', '--', 'nslookup', '-type=a', name])).out
  const ip = await clusterIpOf('web')
  for (const name of ['web', 'web.default.svc.cluster.local']) {
    assert.match(await lookup(name), new RegExp(`Address: ${ip}\\n`))
  }
  const headless = await lookup('headless.default.svc.cluster.local')
  for (const pod of await pods('web')) assert.ok(headless.includes(pod.ip), headless)
  const one = await ipOf('one')
  const dashed = `${one.replaceAll('.', '-')}.default.pod.cluster.local`
  assert.match(await lookup(dashed), new RegExp(`Address: ${one}\\n`))
  assert.match(await lookup('absent.default.svc.cluster.local'), /NXDOMAIN/)
  const resolvConf = await kubectl('exec', 'two', '--', 'cat', '/etc/resolv.conf')
  assert.match(resolvConf, /search default\.svc\.cluster\.local svc\.cluster\.local cluster\.local/)
  assert.match(resolvConf, /nameserver 10\.43\.0\.10\n[^]*options ndots:5/)
})

test('the API server reaches pods, Services and nodes for its clients', async () => {
  const [pod] = await pods('web')
  const raw = (path: string) => kubectl('get', '--raw', path)
  const namespace = '/api/v1/namespaces/default'
  assert.match(await raw(`${namespace}/services/web:http/proxy${who}`), /^web-/)
  const direct = await raw(`${namespace}/pods/${pod?.name}:8080/proxy${who}`)
  assert.match(direct, new RegExp(`^${pod?.name} `))
  assert.equal(await raw('/api/v1/nodes/node-2/proxy/healthz'), 'ok')
})

test('a pod that is not ready leaves its Service, and comes back', async () => {
  const [pod] = await pods('web')
  const url = `http://${await clusterIpOf('web')}${who}`
  const isAsked = async () => servers(await fromPod('one', url, 40)).has(pod?.name)
  await kubectl('exec', pod?.name ?? '', '--', 'rm', '/www/ready')
  await until('the pod not to be asked', async () => !(await isAsked()))
  await kubectl('exec', pod?.name ?? '', '--', 'touch', '/www/ready')
  await until('the pod to be asked again', isAsked)
})

test('a pod gets out under this machine’s address, and nothing of the cluster shows outside', async () => {
  const { err } = await run('kubectl', ['exec', 'one', '--', 'nc', '-w', '2', elsewhere, '80'])
  assert.match(err, /Connection refused/)
  const counters = (await inWorld('nft', 'list', 'table', 'netdev', 'capture')).match(
    /packets \d+/g,
  )
  assert.deepEqual(counters?.slice(0, 2), ['packets 0', 'packets 0'])
  assert.notEqual(counters?.[2], 'packets 0')
})
