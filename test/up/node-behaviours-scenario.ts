import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import {
  apply,
  dataDir,
  directory,
  downCluster,
  image,
  inNode,
  k8ts,
  kubectl,
  newestKubectl,
  run,
  until,
  upCluster,
} from './cluster.ts'

type Json = Readonly<Record<string, unknown>>

/** A pod of one container that runs a script; what differs from that is given. */
function pod(name: string, script: string, spec: Json = {}, container: Json = {}): Json {
  const main = { name: 'main', image, command: ['sh', '-c', script], ...container }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: name }, annotations: { note: 'first' } },
    spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 1, containers: [main], ...spec },
  }
}

const forever = 'sleep 1000'
const main = (script: string, more: Json = {}, name = 'main') => ({
  name,
  image,
  command: ['sh', '-c', script],
  ...more,
})
const object = (kind: string, name: string, more: Json) => ({
  apiVersion: 'v1',
  kind,
  metadata: { name },
  ...more,
})
const field = (name: string, fieldPath: string) => ({
  name,
  valueFrom: { fieldRef: { fieldPath } },
})
const amount = (name: string, resource: string, divisor?: string) => ({
  name,
  valueFrom: { resourceFieldRef: { resource, divisor } },
})
const mount = (name: string, mountPath: string, more: Json = {}) => ({ name, mountPath, ...more })

const objects: readonly Json[] = [
  object('ConfigMap', 'plain', {
    data: { one: '1', two: 'zwei' },
    binaryData: { bytes: Buffer.from([0xff, 0, 0xfe]).toString('base64') },
  }),
  object('ConfigMap', 'changes', { data: { key: 'before', gone: 'yes' } }),
  object('Secret', 'hidden', { stringData: { word: 'sesame', other: 'x' } }),
  object('Service', 'of-box', { spec: { ports: [{ name: 'web', port: 80 }] } }),
]

/** Of the first node of a cluster of `k8ts up`. */
const nodeIp = '100.64.10.11'

const environment = pod(
  'environment',
  '',
  {},
  {
    // Not every name of a variable is one to the shell, which keeps those from its programs.
    command: ['sh', '-c', 'echo "$0=$1"; tr "\\0" "\\n" < /proc/1/environ; true', '$(TWICE)'],
    args: ['$$(ONE)'],
    envFrom: [
      { prefix: 'p.x-', configMapRef: { name: 'plain' } },
      { secretRef: { name: 'hidden' } },
      { configMapRef: { name: 'absent', optional: true } },
    ],
    env: [
      { name: 'ONE', value: 'one' },
      { name: 'TWICE', value: '$(ONE)-$(ONE)' },
      { name: 'ESCAPED', value: '$$(ONE)' },
      { name: 'UNKNOWN', value: '$(NOBODY)' },
      { name: 'OF_SERVICE', value: '$(OF_BOX_SERVICE_PORT_WEB)' },
      { name: 'word', value: 'own' },
      { name: 'KEY', valueFrom: { configMapKeyRef: { name: 'plain', key: 'two' } } },
      { name: 'LACKS', valueFrom: { secretKeyRef: { name: 'hidden', key: 'no', optional: true } } },
      field('NAME', 'metadata.name'),
      field('NAMESPACE', 'metadata.namespace'),
      field('POD_UID', 'metadata.uid'),
      field('APP', "metadata.labels['app']"),
      field('ACCOUNT', 'spec.serviceAccountName'),
      field('NODE', 'spec.nodeName'),
      field('POD_IP', 'status.podIP'),
      field('POD_IPS', 'status.podIPs'),
      field('HOST_IP', 'status.hostIP'),
      field('HOST_IPS', 'status.hostIPs'),
      amount('LIMITS_CPU', 'limits.cpu'),
      amount('LIMITS_MEMORY', 'limits.memory'),
      amount('REQUESTS_CPU', 'requests.cpu', '1m'),
      amount('REQUESTS_MEMORY', 'requests.memory', '1Mi'),
    ],
    resources: { requests: { cpu: '25m', memory: '33Mi' } },
  },
)

const terminations: readonly Json[] = [
  pod('ends', '', {
    containers: [
      main('echo -n DONE > /dev/termination-log', {}, 'file'),
      main('echo -n DONE', { terminationMessagePolicy: 'FallbackToLogsOnError' }, 'quiet'),
      main('echo -n DONE; exit 3', { terminationMessagePolicy: 'FallbackToLogsOnError' }, 'log'),
      main('echo DONE; exit 1', { terminationMessagePolicy: 'FallbackToLogsOnError' }, 'line'),
      main(
        'echo -n DONE > /dev/own',
        { terminationMessagePath: '/dev/own', securityContext: { runAsUser: 1000 } },
        'other-user',
      ),
    ],
  }),
  pod('ends-well', 'exit 0'),
  pod('ends-badly', 'exit 2'),
  pod(
    'tries',
    'f=/work/tries; echo x >> $f; [ $(wc -l < $f) -ge 2 ]',
    { restartPolicy: 'OnFailure', volumes: [{ name: 'work', emptyDir: {} }] },
    { volumeMounts: [mount('work', '/work')] },
  ),
  pod('goes-on', 'exit 0', { restartPolicy: 'Always' }),
  pod('too-long', forever, { activeDeadlineSeconds: 600 }),
]

const inits: readonly Json[] = [
  pod(
    'init-order',
    'cat /work/log',
    {
      volumes: [{ name: 'work', emptyDir: {} }],
      initContainers: ['a', 'b'].map((name) =>
        main(`echo ${name} >> /work/log`, { volumeMounts: [mount('work', '/work')] }, name),
      ),
    },
    { volumeMounts: [mount('work', '/work')] },
  ),
  pod('init-fails', forever, {
    initContainers: [main('exit 1', {}, 'a'), main('true', {}, 'b')],
  }),
  pod('init-retries', forever, {
    restartPolicy: 'Always',
    initContainers: [main('exit 1', {}, 'a'), main('true', {}, 'b')],
  }),
]

const volumes = [
  { name: 'map', configMap: { name: 'plain' } },
  { name: 'again', configMap: { name: 'plain' } },
  {
    name: 'mapped',
    configMap: {
      name: 'plain',
      defaultMode: 0o400,
      items: [
        { key: 'one', path: 'deep/er/uno' },
        { key: 'two', path: 'due', mode: 0o640 },
      ],
    },
  },
  { name: 'secret', secret: { secretName: 'hidden', defaultMode: 0o440 } },
  {
    name: 'downward',
    downwardAPI: {
      items: [
        { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
        { path: 'note', fieldRef: { fieldPath: "metadata.annotations['note']" }, mode: 0o400 },
        { path: 'cpu', resourceFieldRef: { containerName: 'main', resource: 'limits.cpu' } },
      ],
    },
  },
  {
    name: 'all',
    projected: {
      sources: [
        { configMap: { name: 'plain', items: [{ key: 'one', path: 'map/one' }] } },
        { secret: { name: 'hidden' } },
        { secret: { name: 'absent', optional: true } },
        { downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] } },
        { serviceAccountToken: { path: 'token', audience: 'vault', expirationSeconds: 700 } },
      ],
    },
  },
  { name: 'disk', emptyDir: {} },
  { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
]
const mounts = volumes.map(({ name }) => mount(name, `/${name}`))

const lookAround = `
stat -L -c '%n %a %u %g' /map/one /mapped/deep/er/uno /mapped/due /secret/word \\
  /downward/labels /downward/note /all/map/one /all/token /disk /memory
cat /map/one /again/two /mapped/deep/er/uno /secret/word /downward/note /all/word /all/name
echo; od -An -tx1 /map/bytes
ls /mapped /all
grep -c ' /memory tmpfs ' /proc/mounts
touch /disk/file /memory/file; stat -c '%n %a %u %g' /disk/file /memory/file
cut -d. -f2 /all/token
cut -d. -f2 /var/run/secrets/kubernetes.io/serviceaccount/token`

const volumePods: readonly Json[] = [
  pod('volumes', lookAround, { volumes }, { volumeMounts: mounts }),
  pod(
    'volumes-of-user',
    lookAround,
    { volumes, securityContext: { runAsUser: 1000, fsGroup: 1001 } },
    { volumeMounts: mounts },
  ),
  pod(
    'token-of-user',
    "cd /var/run/secrets/kubernetes.io/serviceaccount; stat -L -c '%a %u %g' token; ls",
    { securityContext: { runAsUser: 1000 } },
  ),
  pod('no-token', 'ls /var/run/secrets/kubernetes.io', { automountServiceAccountToken: false }),
  pod(
    'parts',
    'cat /etc/passwd /part; echo; echo here > /sub/file; find /all -type f; cat /word',
    {
      volumes: [
        { name: 'map', configMap: { name: 'plain' } },
        { name: 'secret', projected: { sources: [{ secret: { name: 'hidden' } }] } },
        { name: 'disk', emptyDir: {} },
      ],
    },
    {
      env: [field('NAME', 'metadata.name')],
      volumeMounts: [
        mount('map', '/etc/passwd', { subPath: 'one' }),
        mount('map', '/part', { subPath: 'two' }),
        mount('secret', '/word', { subPath: 'word' }),
        mount('disk', '/sub', { subPathExpr: 'logs/$(NAME)' }),
        mount('disk', '/all'),
      ],
    },
  ),
  ...['..', '/tmp'].map((value, index) =>
    pod(
      `part-refused-${index}`,
      forever,
      { volumes: [{ name: 'disk', emptyDir: {} }] },
      {
        env: [{ name: 'PART', value }],
        volumeMounts: [mount('disk', '/part', { subPathExpr: '$(PART)' })],
      },
    ),
  ),
  pod(
    'part-recovers',
    forever,
    { volumes: [{ name: 'disk', emptyDir: {} }] },
    {
      env: [field('PART', "metadata.annotations['part']")],
      volumeMounts: [mount('disk', '/part', { subPathExpr: '$(PART)/x' })],
    },
  ),
  pod(
    'live',
    forever,
    {
      terminationGracePeriodSeconds: 0,
      volumes: [
        { name: 'map', configMap: { name: 'changes' } },
        { name: 'late-map', configMap: { name: 'late', optional: true } },
        { name: 'late-secret', secret: { secretName: 'late', optional: true } },
        {
          name: 'both',
          projected: {
            sources: [
              { configMap: { name: 'late', optional: true } },
              {
                downwardAPI: {
                  items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }],
                },
              },
            ],
          },
        },
        {
          name: 'downward',
          downwardAPI: {
            items: [{ path: 'note', fieldRef: { fieldPath: "metadata.annotations['note']" } }],
          },
        },
      ],
    },
    {
      volumeMounts: ['map', 'late-map', 'late-secret', 'both', 'downward'].map((name) =>
        mount(name, `/${name}`),
      ),
    },
  ),
]

const names = 'hostname; hostname -f; cat /etc/hosts /etc/resolv.conf'
const namePods: readonly Json[] = [
  pod('names', names, {
    hostname: 'myself',
    subdomain: 'group',
    hostAliases: [{ ip: '192.0.2.1', hostnames: ['one.example', 'two.example'] }],
    dnsPolicy: 'None',
    dnsConfig: {
      nameservers: ['192.0.2.53'],
      searches: ['resolv.example'],
      options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }],
    },
  }),
  pod('names-full', names, {
    hostname: 'myself',
    subdomain: 'group',
    setHostnameAsFQDN: true,
    dnsConfig: { options: [{ name: 'ndots', value: '2' }], searches: ['more.example'] },
  }),
  pod('names-of-node', names, {
    hostNetwork: true,
    hostAliases: [{ ip: '192.0.2.1', hostnames: ['one.example'] }],
  }),
]

const privileges: readonly Json[] = [
  pod('user', 'id -u; id -g; id -G', {
    securityContext: { runAsUser: 1001, runAsGroup: 1002, supplementalGroups: [1003] },
  }),
  pod(
    'user-of-container',
    'id -u',
    { securityContext: { runAsUser: 1001 } },
    {
      securityContext: { runAsUser: 1002 },
    },
  ),
  pod('root-refused', forever, { securityContext: { runAsNonRoot: true } }),
  pod('reads-only', 'touch /file', {}, { securityContext: { readOnlyRootFilesystem: true } }),
  pod('writes', 'touch /file'),
  pod(
    'plain',
    'ip link add dummy0 type dummy 2>&1; grep -E "CapEff|NoNewPrivs|Seccomp:" /proc/1/status',
  ),
  pod(
    'privileged',
    'grep -E "CapEff|NoNewPrivs" /proc/1/status; mount -t tmpfs x /tmp && echo mounted',
    {},
    {
      securityContext: { privileged: true },
    },
  ),
  pod(
    'limited',
    'grep -E "CapEff|NoNewPrivs|Seccomp:" /proc/1/status',
    {},
    {
      securityContext: {
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] },
        seccompProfile: { type: 'RuntimeDefault' },
      },
    },
  ),
  pod('kernel', 'cat /proc/sys/kernel/shm_rmid_forced', {
    securityContext: { sysctls: [{ name: 'kernel.shm_rmid_forced', value: '1' }] },
  }),
  pod('kernel-unsafe', 'true', {
    securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '65536' }] },
  }),
]

const lives: readonly Json[] = [
  pod(
    'hooks',
    forever,
    {
      terminationGracePeriodSeconds: 5,
      volumes: [{ name: 'work', emptyDir: {} }],
    },
    {
      volumeMounts: [mount('work', '/work')],
      lifecycle: { postStart: { exec: { command: ['sh', '-c', 'echo begun > /work/hook'] } } },
    },
  ),
  pod(
    'hook-fails',
    forever,
    {},
    {
      lifecycle: { postStart: { exec: { command: ['sh', '-c', 'echo no; exit 1'] } } },
    },
  ),
  pod('listens', 'exec httpd -f -vv -p 8080'),
  pod(
    'deaf',
    forever,
    { restartPolicy: 'Always', terminationGracePeriodSeconds: 0 },
    {
      livenessProbe: { grpc: { port: 9999 }, periodSeconds: 1, failureThreshold: 1 },
    },
  ),
  pod('gated', forever, { readinessGates: [{ conditionType: 'example.com/gate' }] }),
  ...Object.entries({ loopback: '127.0.0.1', address: nodeIp }).map(([name, hostIP]) =>
    pod(
      `port-of-${name}`,
      'mkdir /www; hostname > /www/index.html; exec httpd -f -p 8080 -h /www',
      {},
      { ports: [{ containerPort: 8080, hostPort: 8091, hostIP }] },
    ),
  ),
  pod(
    'port-of-udp',
    forever,
    {},
    {
      ports: [{ containerPort: 8080, hostPort: 8091, hostIP: nodeIp, protocol: 'UDP' }],
    },
  ),
  pod(
    'port-holder',
    forever,
    {},
    {
      ports: [{ containerPort: 80, hostPort: 8090 }],
    },
  ),
  pod(
    'grows',
    forever,
    {},
    {
      resources: {
        requests: { cpu: '100m', memory: '32Mi' },
        limits: { cpu: '200m', memory: '64Mi' },
      },
    },
  ),
]

const fake = 'example.com/fake'

before(async () => {
  await upCluster('--nodes=1')
  const patch = JSON.stringify({ status: { capacity: { [fake]: '5' } } })
  await kubectl('patch', 'node', 'node-1', '--subresource=status', '-p', patch)
  await apply(list(objects))
  await apply(
    list([
      environment,
      ...terminations,
      ...inits,
      ...volumePods,
      ...namePods,
      ...privileges,
      ...lives,
    ]),
  )
})

after(async () => {
  await k8ts('down', `--data-dir=${dataDir}`)
  await rm(directory, { recursive: true, force: true })
})

describe('what a container is given', () => {
  test('its environment, from everywhere', async () => {
    const made = new Map((await logOf('environment')).trim().split('\n').map(pair))
    const { uid, podIp, hostIp } = await facts('environment')
    const node = await json('node/node-1')
    const expected: Readonly<Record<string, string>> = {
      'one-one': '$(ONE)',
      'p.x-one': '1',
      'p.x-two': 'zwei',
      other: 'x',
      ONE: 'one',
      TWICE: 'one-one',
      ESCAPED: '$(ONE)',
      UNKNOWN: '$(NOBODY)',
      OF_SERVICE: '80',
      word: 'own',
      KEY: 'zwei',
      NAME: 'environment',
      NAMESPACE: 'default',
      POD_UID: uid,
      APP: 'environment',
      ACCOUNT: 'default',
      NODE: 'node-1',
      POD_IP: podIp,
      POD_IPS: podIp,
      HOST_IP: hostIp,
      HOST_IPS: hostIp,
      LIMITS_CPU: at(node, 'status', 'allocatable', 'cpu'),
      LIMITS_MEMORY: String(bytesOf(at(node, 'status', 'allocatable', 'memory'))),
      REQUESTS_CPU: '25',
      REQUESTS_MEMORY: '33',
      HOSTNAME: 'environment',
    }
    for (const [name, value] of Object.entries(expected)) assert.equal(made.get(name), value, name)
    assert.equal(made.get('LACKS'), undefined)
    assert.match(made.get('OF_BOX_SERVICE_HOST') ?? '', /^10\.43\./)
    assert.match(made.get('KUBERNETES_SERVICE_HOST') ?? '', /^10\.43\./)
  })

  test('its names', async () => {
    const own = (await logOf('names')).split('\n')
    const { podIp } = await facts('names')
    assert.deepEqual(own.slice(0, 3), [
      'myself',
      'myself.group.default.svc.cluster.local',
      '# Kubernetes-managed hosts file.',
    ])
    for (const line of [
      `${podIp}\tmyself.group.default.svc.cluster.local\tmyself`,
      '192.0.2.1\tone.example\ttwo.example',
      'search resolv.example',
      'nameserver 192.0.2.53',
      'options ndots:2 edns0',
    ]) {
      assert.ok(own.includes(line), line)
    }
    const full = (await logOf('names-full')).split('\n')
    assert.equal(full[0], 'myself.group.default.svc.cluster.local')
    for (const line of [
      'search default.svc.cluster.local svc.cluster.local cluster.local more.example',
      'nameserver 10.43.0.10',
      'options ndots:2',
    ]) {
      assert.ok(full.includes(line), line)
    }
    const ofNode = (await logOf('names-of-node')).split('\n')
    assert.ok(ofNode.includes('# Kubernetes-managed hosts file (host network).'))
    assert.ok(ofNode.includes('192.0.2.1\tone.example'))
  })

  test('no more rights than its pod says', async () => {
    const table: Readonly<Record<string, RegExp>> = {
      user: /^1001\n1002\n1002 1003\n$/,
      'user-of-container': /^1002\n$/,
      'reads-only': /Read-only file system/,
      writes: /^$/,
      plain: /not permitted[^]*CapEff:\t00000000a80425fb\nNoNewPrivs:\t0\nSeccomp:\t0\n/,
      privileged: /NoNewPrivs:\t0\nmounted\n/,
      limited: /^CapEff:\t0000000000001000\nNoNewPrivs:\t1\nSeccomp:\t2\n$/,
      kernel: /^1\n$/,
    }
    for (const [name, expected] of Object.entries(table)) assert.match(await logOf(name), expected)
    await untilWaiting('root-refused', 'CreateContainerConfigError')
    await untilFailed('kernel-unsafe', 'SysctlForbidden')
  })
})

describe('volumes', () => {
  const own = ['777 0 0', '644 0 0', '644 0 0', '400 0 0', '640 0 0', '440 0 0']
  const shared = ['2777 0 1001', '640 1000 1001', '644 0 1001', '440 0 1001', '640 0 1001']
  const table: readonly [string, readonly string[]][] = [
    ['volumes', [own[0] ?? '', '644 0 0', ...own.slice(2), '644 0 0']],
    ['volumes-of-user', [...shared, '440 0 1001', '644 1000 1001']],
  ]
  for (const [name, [directory, token, plain, least, item, secret, made]] of table) {
    test(`of a pod have their files, modes and owners: ${name}`, async () => {
      const log = await logOf(name)
      for (const line of [
        `/map/one ${plain}`,
        `/mapped/deep/er/uno ${least}`,
        `/mapped/due ${item}`,
        `/secret/word ${secret}`,
        `/downward/labels ${plain}`,
        `/downward/note ${least}`,
        `/all/map/one ${plain}`,
        `/all/token ${token}`,
        `/disk ${directory}`,
        `/memory ${directory}`,
        `/disk/file ${made}`,
        `/memory/file ${made}`,
        `1zwei1sesamefirstsesame${name}`,
        ' ff 00 fe',
      ]) {
        assert.ok(log.includes(`${line}\n`), `${line} in ${log}`)
      }
      assert.match(log, /\/all:\nmap\nname\nother\ntoken\nword\n\n\/mapped:\ndeep\ndue\n1\n/)
      const [vault, usual] = log.trim().split('\n').slice(-2).map(claims)
      const { uid } = await facts(name)
      assert.deepEqual(vault?.['aud'], ['vault'])
      assert.equal(Number(vault?.['exp']) - Number(vault?.['iat']), 700)
      assert.equal(at(vault, 'kubernetes.io', 'pod', 'uid'), uid)
      assert.equal(usual?.['sub'], 'system:serviceaccount:default:default')
    })
  }

  test('a token is for the user of the pod only, and only where it is wanted', async () => {
    assert.equal(await logOf('token-of-user'), '600 1000 0\nca.crt\nnamespace\ntoken\n')
    assert.match(await logOf('no-token'), /No such file/)
  })

  test('parts of them, which never lead out', async () => {
    assert.equal(await logOf('parts'), '1zwei\n/all/logs/parts/file\nsesame')
    for (const name of ['part-refused-0', 'part-refused-1', 'part-recovers']) {
      await untilWaiting(name, 'CreateContainerConfigError')
    }
    await kubectl('annotate', 'pod', 'part-recovers', 'part=mine')
    await kubectl('wait', '--for=condition=Ready', 'pod/part-recovers', '--timeout=60s')
  })

  test('follow their objects, which come, change and go', async () => {
    const ready = ['wait', '--for=condition=Ready', 'pod/live', '--timeout=60s']
    await kubectl(...ready)
    await apply(
      list([
        object('ConfigMap', 'changes', { data: { key: 'after' } }),
        object('ConfigMap', 'late', { data: { a: '1' } }),
        object('Secret', 'late', { stringData: { b: '2' } }),
      ]),
    )
    await kubectl('label', 'pod', 'live', 'more=yes')
    await kubectl('annotate', 'pod', 'live', 'note=second', '--overwrite')
    const show =
      'cat /map/key /late-map/a /late-secret/b /both/a /downward/note; echo; cat /both/labels; ls /map'
    await untilShown('live', show, 'after121second\napp="live"\nmore="yes"key\n')
    await kubectl('delete', 'configmap/late', 'secret/late')
    await untilShown(
      'live',
      'ls /late-map /late-secret /both',
      '/both:\nlabels\n\n/late-map:\n\n/late-secret:\n',
    )
  })
})

describe('how pods end', () => {
  test('containers leave a last message', async () => {
    const all = await untilOver('ends', 'Failed')
    const messages = statusesOf(all).map((each) => [
      at(each, 'name'),
      at(each, 'state', 'terminated', 'message'),
    ])
    assert.deepEqual(messages, [
      ['file', 'DONE'],
      ['quiet', ''],
      ['log', 'DONE'],
      ['line', 'DONE\n'],
      ['other-user', 'DONE'],
    ])
  })

  test('by their policy and exit codes', async () => {
    await untilOver('ends-well', 'Succeeded')
    await untilOver('ends-badly', 'Failed')
    const tried = await untilOver('tries', 'Succeeded')
    assert.equal(at(statusesOf(tried)[0], 'restartCount'), '1')
    await untilWaiting('goes-on', 'CrashLoopBackOff')
    assert.equal(at(await json('pod/goes-on'), 'status', 'phase'), 'Running')
  })

  test('init containers go first, in order; those that fail hold the others up', async () => {
    assert.equal(await logOf('init-order'), 'a\nb\n')
    const failed = await untilOver('init-fails', 'Failed')
    assert.equal(at(statusesOf(failed)[0], 'state', 'waiting', 'reason'), 'PodInitializing')
    await until('a restart of an init container', async () => {
      const [a] = statusesOf(await json('pod/init-retries'), 'initContainerStatuses')
      return Number(at(a, 'restartCount')) > 0
    })
    assert.equal(at(await json('pod/init-retries'), 'status', 'phase'), 'Pending')
  })

  test('when their time is over, which can be shortened', async () => {
    await kubectl('wait', '--for=condition=Ready', 'pod/too-long', '--timeout=60s')
    const patch = JSON.stringify({ spec: { activeDeadlineSeconds: 1 } })
    await kubectl('patch', 'pod', 'too-long', '-p', patch)
    await untilFailed('too-long', 'DeadlineExceeded')
  })

  test('a node takes no pod whose port is taken, whoever has bound it', async () => {
    await kubectl('wait', '--for=condition=Ready', 'pod/port-holder', '--timeout=60s')
    const ports = [{ containerPort: 81, hostPort: 8090 }]
    await apply(list([pod('port-wanter', forever, { nodeName: 'node-1' }, { ports })]))
    await untilFailed('port-wanter', 'NodePorts')
  })
})

describe('what is done to pods that run', () => {
  test('hooks after the start and before the end', async () => {
    await kubectl('wait', '--for=condition=Ready', 'pod/hooks', 'pod/listens', '--timeout=60s')
    assert.equal(await kubectl('exec', 'hooks', '--', 'cat', '/work/hook'), 'begun\n')
    await untilOver('hook-fails', 'Failed')
    const events = await kubectl('get', 'events', '--field-selector=involvedObject.name=hook-fails')
    assert.match(events, /FailedPostStartHook +pod\/hook-fails +PostStartHook failed\n/)
    const host = at(await json('pod/listens'), 'status', 'podIP')
    const httpGet = (path: string) => ({ httpGet: { host, port: 8080, path } })
    const lifecycle = { postStart: httpGet('/begins'), preStop: httpGet('/ends') }
    await apply(list([pod('asks', forever, {}, { lifecycle })]))
    await until('the hook after the start', async () =>
      /url:\/begins/.test(await logNow('listens')),
    )
    await kubectl('wait', '--for=condition=Ready', 'pod/asks', '--timeout=60s')
    await kubectl('delete', 'pod', 'asks')
    assert.match(await logNow('listens'), /url:\/ends/)
  })

  test('ports of the node, by address and protocol', async () => {
    const names = ['port-of-loopback', 'port-of-address', 'port-of-udp']
    const pods = names.map((name) => `pod/${name}`)
    await kubectl('wait', '--for=condition=Ready', ...pods, '--timeout=60s')
    const get = async (host: string) => {
      const url = `http://${host}:8091/`
      const { out } = await inNode(1, 'timeout', '5', 'busybox', 'wget', '-qO-', url)
      return out
    }
    await until('the port of one address', async () => (await get(nodeIp)) === 'port-of-address\n')
    await until('that of another', async () => (await get('127.0.0.1')) === 'port-of-loopback\n')
  })

  test('probes over gRPC', async () => {
    await until('a restart', async () => {
      const [status] = statusesOf(await json('pod/deaf'))
      return Number(at(status, 'restartCount')) > 0
    })
  })

  test('gates of readiness', async () => {
    const conditions = () =>
      kubectl('get', 'pod', 'gated', '-o', 'jsonpath={.status.conditions[?(@.type=="Ready")]}')
    await kubectl('wait', '--for=condition=ContainersReady', 'pod/gated', '--timeout=60s')
    assert.match(await conditions(), /gate \\"example\.com\/gate\\" does not exist\./)
    const patch = (status: string) =>
      kubectl(
        'patch',
        'pod',
        'gated',
        '--subresource=status',
        '-p',
        JSON.stringify({ status: { conditions: [{ type: 'example.com/gate', status }] } }),
      )
    await patch('False')
    await until('the reason', async () => /is not \\"True\\", but False/.test(await conditions()))
    await patch('True')
    await kubectl('wait', '--for=condition=Ready', 'pod/gated', '--timeout=60s')
  })

  test('what others put into the capacity of the node', async () => {
    const given = async () => at(await json('node/node-1'), 'status', 'allocatable', fake)
    await until('it to be allocatable', async () => (await given()) === '5')
  })

  test('changes of the spec are counted, and seen by the kubelet', async () => {
    const seen = async (generation: string) => {
      const found = await json('pod/listens')
      return (
        at(found, 'metadata', 'generation') === generation &&
        at(found, 'status', 'observedGeneration') === generation
      )
    }
    await until('the first generation', () => seen('1'))
    await kubectl('patch', 'pod', 'listens', '-p', '{"spec":{"activeDeadlineSeconds":5000}}')
    await until('the second generation', () => seen('2'))
    await kubectl('label', 'pod', 'listens', 'not=counted')
    assert.equal(at(await json('pod/listens'), 'metadata', 'generation'), '2')
  })
})

describe('resources of a pod that runs', () => {
  test('are changed in place', async () => {
    await kubectl('wait', '--for=condition=Ready', 'pod/grows', '--timeout=60s')
    await untilSet({ cpu: '200m', memory: '64Mi' }, { cpu: '100m', memory: '32Mi' })
    assert.deepEqual(await cgroupOf('grows'), ['20000', '67108864'])
    for (const cpu of ['400m', '150m']) {
      await resize({ limits: { cpu, memory: '128Mi' }, requests: { cpu: '50m' } })
      await untilSet({ cpu, memory: '128Mi' }, { cpu: '50m', memory: '32Mi' })
      const quota = String(100 * Number(cpu.replace('m', '')))
      assert.deepEqual(await cgroupOf('grows'), [quota, '134217728'])
    }
    assert.equal(at(statusesOf(await json('pod/grows'))[0], 'restartCount'), '0')
  })

  test('are not changed where there is no room for it', async () => {
    await resize({ limits: { cpu: '900' }, requests: { cpu: '800' } })
    const path = 'jsonpath={.status.conditions[?(@.type=="PodResizePending")].reason}'
    const pending = () => kubectl('get', 'pod', 'grows', '-o', path)
    await until('what cannot be', async () => (await pending()) === 'Infeasible')
    await untilSet({ cpu: '150m', memory: '128Mi' }, { cpu: '50m', memory: '32Mi' })
    await resize({ limits: { cpu: '150m' }, requests: { cpu: '60m' } })
    await until('what can', async () => (await pending()) === '')
    await untilSet({ cpu: '150m', memory: '128Mi' }, { cpu: '60m', memory: '32Mi' })
  })
})

test('down removes it all', downCluster)

async function resize(resources: Json): Promise<void> {
  const patch = JSON.stringify({ spec: { containers: [{ name: 'main', resources }] } })
  await kubectl('patch', 'pod', 'grows', '--subresource=resize', '-p', patch)
}

async function untilSet(limits: Json, requests: Json): Promise<void> {
  const path = '{.status.containerStatuses[0].resources}{.status.conditions[*].type}'
  const expected = JSON.stringify({ limits, requests })
  await until(`resources ${expected}`, async () => {
    const shown = await kubectl('get', 'pod', 'grows', '-o', `jsonpath=${path}`)
    return shown.startsWith(expected) && !shown.includes('PodResizeInProgress')
  })
}

/** What the kernel lets a container use: microseconds of CPU in 100 ms, and bytes of memory. */
async function cgroupOf(name: string): Promise<readonly string[]> {
  const v1 = 'cat cpu/cpu.cfs_quota_us memory/memory.limit_in_bytes'
  const v2 = "cut -d' ' -f1 cpu.max; cat memory.max"
  const script = `cd /sys/fs/cgroup; if [ -e cpu.max ]; then ${v2}; else ${v1}; fi`
  return (await kubectl('exec', name, '--', 'sh', '-c', script)).trim().split('\n')
}

function list(items: readonly Json[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
}

async function json(name: string): Promise<unknown> {
  return JSON.parse(await kubectl('get', name, '-o', 'json'))
}

/** What stands at a path, as text; '' where there is nothing. */
function at(value: unknown, ...path: readonly string[]): string {
  let found: unknown = value
  for (const name of path) {
    found = typeof found === 'object' && found !== null ? Reflect.get(found, name) : undefined
  }
  return typeof found === 'string' || typeof found === 'number' ? String(found) : ''
}

function statusesOf(found: unknown, which = 'containerStatuses'): readonly unknown[] {
  const status: unknown =
    typeof found === 'object' && found !== null && Reflect.get(found, 'status')
  const all: unknown = typeof status === 'object' && status !== null && Reflect.get(status, which)
  return Array.isArray(all) ? all : []
}

async function facts(name: string) {
  const found = await json(`pod/${name}`)
  const status = (field: string) => at(found, 'status', field)
  return { uid: at(found, 'metadata', 'uid'), podIp: status('podIP'), hostIp: status('hostIP') }
}

const logNow = (name: string) => kubectl('logs', name)

/** All that a pod had to say. */
async function logOf(name: string): Promise<string> {
  await until(`${name} to end`, async () =>
    /^(Failed|Succeeded)$/.test(at(await json(`pod/${name}`), 'status', 'phase')),
  )
  return logNow(name)
}

function untilOver(name: string, phase: string): Promise<unknown> {
  return until(`${name} to be ${phase}`, async () => {
    const found = await json(`pod/${name}`)
    return at(found, 'status', 'phase') === phase && found
  })
}

async function untilFailed(name: string, reason: string): Promise<void> {
  assert.equal(at(await untilOver(name, 'Failed'), 'status', 'reason'), reason)
}

async function untilWaiting(name: string, reason: string): Promise<void> {
  await until(`${name} to wait in ${reason}`, async () => {
    const [status] = statusesOf(await json(`pod/${name}`))
    return at(status, 'state', 'waiting', 'reason') === reason
  })
}

async function untilShown(name: string, script: string, expected: string): Promise<void> {
  await until(`${name} to show ${expected}`, async () => {
    const { out } = await run(newestKubectl, ['exec', name, '--', 'sh', '-c', script])
    return out === expected
  })
}

function pair(line: string): [string, string] {
  const equals = line.indexOf('=')
  return [line.slice(0, equals), line.slice(equals + 1)]
}

function bytesOf(quantity: string): number {
  return Number(quantity.replace('Ki', '')) * (quantity.endsWith('Ki') ? 1024 : 1)
}

function claims(part: string): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
}
