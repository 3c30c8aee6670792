import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { dirname } from 'node:path'
import { after, before, test } from 'node:test'
import { Lease, Node, type Pod } from '#api'
import { poll, realClock } from '#base'
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
const forever = sh('trap exit TERM; while :; do sleep 0.1; done')
const statusOf = (pod: Pod, at = 0) => pod.status.containerStatuses?.[at]
const isReady = (pod: Pod) =>
  pod.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
const uidOf = (pod: Pod) => pod.metadata.uid ?? ''

async function logOf(pod: Pod, container: string, attempt = 0): Promise<string> {
  const path = node.logs(uidOf(pod), pod.metadata.name ?? '', container, attempt)
  const text = await readFile(path, 'utf8')
  return text
    .split('\n')
    .map((line) => line.replace(/^\S+ \S+ [FP] /, ''))
    .join('\n')
}

test('the node is registered, ready and has a lease', async () => {
  const found = await node.client.resource(Node).get(nodeName)
  const ready = found.status.conditions?.find(({ type }) => type === 'Ready')
  assert.equal(ready?.status, 'True')
  assert.match(found.status.nodeInfo?.containerRuntimeVersion ?? '', /^containerd:\/\//)
  assert.ok(Number(found.status.capacity?.['cpu']) > 0)
  const lease = await node.client.resource(Lease).namespace('kube-node-lease').get(nodeName)
  assert.equal(lease.spec?.holderIdentity, nodeName)
})

test('a pod runs with its address, environment, volumes, token and limits', async () => {
  await node.configMaps.create({
    metadata: { name: 'settings' },
    data: { colour: 'green', 'app.conf': 'one' },
  })
  await node.secrets.create({ metadata: { name: 'keys' }, stringData: { password: 'hush' } })
  await node.create('full', {
    terminationGracePeriodSeconds: 5,
    initContainers: [
      {
        name: 'first',
        image,
        command: sh('echo made > /scratch/file'),
        resources: { limits: { cpu: '500m', memory: '64Mi' } },
        volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }],
      },
    ],
    containers: [
      {
        name: 'main',
        image,
        command: sh(
          'echo "ip=$POD_IP name=$NAME colour=$COLOUR password=$PASSWORD greeting=$GREETING cpu=$CPU";' +
            ' echo "conf=$(cat /conf/app.conf) secret=$(cat /keys/password)' +
            ' init=$(cat /scratch/file) labels=$(cat /info/labels)";' +
            ' echo "token=$(wc -c </var/run/secrets/kubernetes.io/serviceaccount/token)";' +
            ' echo "$@"; exec sh -c "trap exit TERM; while :; do sleep 0.1; done"',
        ),
        args: ['arg0', '$(GREETING)', '$$(GREETING)', '$(NOTHING)'],
        env: [
          { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
          { name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          { name: 'COLOUR', valueFrom: { configMapKeyRef: { name: 'settings', key: 'colour' } } },
          { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'keys', key: 'password' } } },
          { name: 'GREETING', value: 'hello-$(NAME)' },
          {
            name: 'CPU',
            valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1m' } },
          },
        ],
        resources: { limits: { cpu: '500m', memory: '64Mi' } },
        volumeMounts: [
          { name: 'conf', mountPath: '/conf' },
          { name: 'keys', mountPath: '/keys' },
          { name: 'scratch', mountPath: '/scratch' },
          { name: 'info', mountPath: '/info' },
        ],
      },
    ],
    volumes: [
      { name: 'conf', configMap: { name: 'settings' } },
      { name: 'keys', secret: { secretName: 'keys' } },
      { name: 'scratch', emptyDir: {} },
      {
        name: 'info',
        downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] },
      },
    ],
  })
  const pod = await node.until('full', isReady)
  assert.equal(pod.status.phase, 'Running')
  assert.match(pod.status.podIP ?? '', /^10\.42\.7\.\d+$/)
  assert.equal(pod.status.qosClass, 'Guaranteed')
  assert.equal(pod.status.initContainerStatuses?.[0]?.state?.terminated?.reason, 'Completed')
  const log = await poll(
    { clock: realClock, intervalMs: 20, timeoutMs: 10_000, what: 'the log' },
    async () => {
      const text = await logOf(pod, 'main')
      return text.includes('hello-full $(GREETING) $(NOTHING)') ? text : undefined
    },
  )
  assert.match(log, new RegExp(`ip=${pod.status.podIP} name=full colour=green password=hush`))
  assert.match(log, /greeting=hello-full cpu=500/)
  assert.match(log, /conf=one secret=hush init=made labels=app="full"/)
  assert.match(log, /token=[1-9]\d{2}/)
  const group = `${cgroupRoot}/kubepods/pod${uidOf(pod)}`
  assert.ok((await node.cgroups.processes(group)).length >= 2)
  assert.equal((await node.cgroups.usage(group))?.memoryLimitBytes, 64 * 1024 ** 2)
  const all = await node.cgroups.usage(`${cgroupRoot}/kubepods`)
  assert.ok((all?.memoryLimitBytes ?? Infinity) <= totalmem())
  const events = await node.events('full')
  for (const event of [
    `Normal Pulled Container image "${image}" already present on machine and can be accessed by the pod`,
    'Normal Created Container created',
    'Normal Started Container started',
  ]) {
    assert.ok(events.includes(event), `${event} is not among ${events.join('; ')}`)
  }
})

test('a changed ConfigMap reaches the volume of a running pod', async () => {
  await node.configMaps.patch('settings', { type: 'merge', patch: { data: { 'app.conf': 'two' } } })
  const { metadata } = await node.pods.get('full')
  const [container] = await node.runtime.containers(metadata.uid)
  await poll(
    { clock: realClock, intervalMs: 50, timeoutMs: 20_000, what: 'the file' },
    async () => {
      const { stdout } = await node.runtime.exec(container?.id ?? '', ['cat', '/conf/app.conf'], 5)
      return stdout === 'two'
    },
  )
})

test('a kubelet that starts again takes over what runs', async () => {
  const before = await node.pods.get('full')
  await node.restartKubelet()
  await node.until('full', isReady)
  // Something it has to react to: it does look after the pod.
  await node.configMaps.patch('settings', {
    type: 'merge',
    patch: { data: { 'app.conf': 'three' } },
  })
  const [container] = await node.runtime.containers(uidOf(before))
  await poll(
    { clock: realClock, intervalMs: 50, timeoutMs: 20_000, what: 'the file' },
    async () => {
      const { stdout } = await node.runtime.exec(container?.id ?? '', ['cat', '/conf/app.conf'], 5)
      return stdout === 'three'
    },
  )
  const now = await node.pods.get('full')
  assert.equal(statusOf(now)?.containerID, statusOf(before)?.containerID)
  assert.equal(statusOf(now)?.restartCount, 0)
  assert.deepEqual(statusOf(now)?.state, statusOf(before)?.state)
  assert.equal(now.status.podIP, before.status.podIP)
})

test('a deleted pod ends gracefully and leaves nothing', async () => {
  const pod = await node.pods.get('full')
  await node.pods.delete('full')
  await node.untilGone('full')
  assert.deepEqual(await node.runtime.containers(uidOf(pod)), [])
  assert.deepEqual(await node.runtime.sandboxes(uidOf(pod)), [])
  const mounted = (await node.mounts.list()).filter(({ target }) => target.includes(uidOf(pod)))
  assert.deepEqual(mounted, [])
  assert.ok((await node.events('full')).includes('Normal Killing Stopping container main'))
})

test('a container that ends is started again, later each time', async () => {
  await node.create('crash', {
    terminationGracePeriodSeconds: 1,
    containers: [
      { name: 'main', image, command: sh('echo last words > /dev/termination-log; exit 3') },
    ],
  })
  const held = await node.until(
    'crash',
    (pod) => statusOf(pod)?.state?.waiting?.reason === 'CrashLoopBackOff',
  )
  const { lastState, restartCount, state } = statusOf(held) ?? {}
  assert.equal(restartCount, 1)
  assert.equal(lastState?.terminated?.exitCode, 3)
  assert.equal(lastState?.terminated?.reason, 'Error')
  assert.equal(lastState?.terminated?.message, 'last words\n')
  assert.match(
    state?.waiting?.message ?? '',
    /^back-off 2s restarting failed container=main pod=crash_default\(.*\)$/,
  )
  assert.equal(held.status.phase, 'Running')
  await node.until('crash', (pod) => (statusOf(pod)?.restartCount ?? 0) >= 2)
  const uid = uidOf(held)
  assert.ok(
    (await node.events('crash')).includes(
      `Warning BackOff Back-off restarting failed container main in pod crash_default(${uid})`,
    ),
  )
  await node.pods.delete('crash')
  await node.untilGone('crash')
})

test('a pod that is to run once succeeds or fails', async () => {
  const once = (name: string, code: number) =>
    node.create(name, {
      restartPolicy: 'Never',
      containers: [{ name: 'main', image, command: sh(`exit ${code}`) }],
    })
  await once('good', 0)
  await once('bad', 7)
  const good = await node.until('good', ({ status }) => status.phase === 'Succeeded')
  assert.equal(statusOf(good)?.state?.terminated?.reason, 'Completed')
  assert.equal(good.status.conditions?.find(({ type }) => type === 'Ready')?.reason, 'PodCompleted')
  const bad = await node.until('bad', ({ status }) => status.phase === 'Failed')
  assert.equal(statusOf(bad)?.state?.terminated?.exitCode, 7)
  await Promise.all([node.pods.delete('good'), node.pods.delete('bad')])
  await Promise.all([node.untilGone('good'), node.untilGone('bad')])
})

test('probes say when a container is ready, and when it is to be started again', async () => {
  await node.create('probed', {
    terminationGracePeriodSeconds: 1,
    containers: [
      {
        name: 'main',
        image,
        command: sh(
          'mkdir /www; echo ok > /www/index.html; touch /alive;' +
            ' httpd -h /www -p 8080; trap exit TERM; while :; do sleep 0.1; done',
        ),
        ports: [{ name: 'http', containerPort: 8080 }],
        startupProbe: { tcpSocket: { port: 'http' }, periodSeconds: 1, failureThreshold: 20 },
        readinessProbe: { httpGet: { path: '/', port: 'http' }, periodSeconds: 1 },
        livenessProbe: {
          exec: { command: ['cat', '/alive'] },
          periodSeconds: 1,
          failureThreshold: 1,
        },
      },
    ],
  })
  const pod = await node.until('probed', isReady)
  const [container] = await node.runtime.containers(uidOf(pod))
  await node.runtime.exec(container?.id ?? '', ['rm', '/www/index.html'], 5)
  const unready = await node.until('probed', (each) => !isReady(each))
  assert.equal(
    unready.status.conditions?.find(({ type }) => type === 'Ready')?.message,
    'containers with unready status: [main]',
  )
  await node.runtime.exec(container?.id ?? '', ['rm', '/alive'], 5)
  const restarted = await node.until(
    'probed',
    (each) => statusOf(each)?.restartCount === 1 && isReady(each),
  )
  assert.equal(restarted.status.podIP, pod.status.podIP)
  const events = await node.events('probed')
  assert.ok(
    events.includes('Normal Killing Container main failed liveness probe, will be restarted'),
    events.join('\n'),
  )
  assert.ok(
    events.includes(
      'Warning Unhealthy Readiness probe failed: HTTP probe failed with statuscode: 404',
    ),
  )
  assert.ok(
    events.includes(
      "Warning Unhealthy Liveness probe failed: cat: can't open '/alive': No such file or directory\n",
    ),
    events.join('\n'),
  )
  await node.pods.delete('probed')
  await node.untilGone('probed')
})

test('volumes of every sort are there, with their modes, owners and limits', async () => {
  await node.configMaps.create({ metadata: { name: 'files' }, data: { a: 'A', b: 'B' } })
  await node.secrets.create({ metadata: { name: 'hidden' }, stringData: { key: 'hush' } })
  const mount = (name: string, more: object = {}) => ({ name, mountPath: `/${name}`, ...more })
  await node.create('volumes', {
    terminationGracePeriodSeconds: 1,
    securityContext: { runAsUser: 1000, runAsGroup: 1000, fsGroup: 2000 },
    containers: [
      {
        name: 'main',
        image,
        command: sh(forever.at(-1) ?? ''),
        env: [{ name: 'PART', value: 'one' }],
        volumeMounts: [
          mount('memory'),
          mount('scratch'),
          mount('part', { name: 'scratch', mountPath: '/part', subPathExpr: '$(PART)/two' }),
          mount('file', { name: 'files', mountPath: '/etc/one-file', subPath: 'a' }),
          mount('files', { readOnly: true }),
          mount('hidden'),
          mount('all'),
        ],
      },
    ],
    volumes: [
      { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '2Mi' } },
      { name: 'scratch', emptyDir: {} },
      { name: 'files', configMap: { name: 'files', items: [{ key: 'a', path: 'a' }] } },
      { name: 'hidden', secret: { secretName: 'hidden', defaultMode: 0o400 } },
      {
        name: 'all',
        projected: {
          sources: [
            { configMap: { name: 'files' } },
            { secret: { name: 'hidden', items: [{ key: 'key', path: 'deep/key', mode: 0o440 }] } },
            { serviceAccountToken: { path: 'token', audience: 'vault', expirationSeconds: 600 } },
            {
              downwardAPI: {
                items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }],
              },
            },
          ],
        },
      },
    ],
  })
  const pod = await node.until('volumes', isReady)
  const [container] = await node.runtime.containers(uidOf(pod))
  const inside = async (script: string) => {
    const { stdout, stderr } = await node.runtime.exec(container?.id ?? '', sh(script), 10)
    return `${stdout}${stderr}`
  }
  const rows: [string, string | RegExp][] = [
    ['id -u; id -g; id -G', '1000\n1000\n1000 2000\n'],
    ['df -k /memory | tail -1', /^tmpfs +2048 /],
    ['echo x > /memory/x && cat /memory/x', 'x\n'],
    ['stat -c "%g" /scratch', '2000\n'],
    ['touch /part/x && ls /scratch/one/two', 'x\n'],
    ['cat /etc/one-file', 'A'],
    ['ls /files; echo no > /files/a', /^a\n.*[Rr]ead-only file system\n$/],
    ['stat -L -c "%a %g" /hidden/key; cat /hidden/key', '440 2000\nhush'],
    ['cat /all/a /all/b /all/deep/key /all/name', 'ABhushvolumes'],
    ['cut -d. -f2 /all/token | tr _- /+ | base64 -d 2>/dev/null | grep -o vault', 'vault\n'],
  ]
  for (const [script, expected] of rows) {
    const said = await inside(script)
    if (typeof expected === 'string') assert.equal(said, expected, script)
    else assert.match(said, expected, script)
  }
  await node.pods.delete('volumes')
  await node.untilGone('volumes')
})

test('a sidecar runs beside the others, and ends after them', async () => {
  const note = (what: string) => `echo ${what} >> /shared/notes`
  const ending = (what: string) =>
    sh(
      `${note(`${what} begins`)}; trap '${note(`${what} ends`)}; exit' TERM; while :; do sleep 0.1; done`,
    )
  const volumeMounts = [{ name: 'shared', mountPath: '/shared' }]
  await node.create('side', {
    terminationGracePeriodSeconds: 10,
    initContainers: [
      {
        name: 'side',
        image,
        restartPolicy: 'Always',
        command: ending('side'),
        startupProbe: { exec: { command: ['test', '-s', '/shared/notes'] }, periodSeconds: 1 },
        volumeMounts,
      },
      { name: 'then', image, command: sh(note('then')), volumeMounts },
    ],
    containers: [{ name: 'main', image, command: ending('main'), volumeMounts }],
    volumes: [
      { name: 'shared', hostPath: { path: `${directory}/sidecar`, type: 'DirectoryOrCreate' } },
    ],
  })
  const pod = await node.until('side', isReady)
  const [side, then] = pod.status.initContainerStatuses ?? []
  assert.deepEqual([side?.ready, side?.started, then?.ready], [true, true, true])
  assert.equal(pod.status.qosClass, 'BestEffort')
  await node.pods.delete('side')
  await node.untilGone('side')
  const notes = await readFile(`${directory}/sidecar/notes`, 'utf8')
  assert.equal(notes, 'side begins\nthen\nmain begins\nmain ends\nside ends\n')
})

test('another image takes the place of the first, in the pod as it is', async () => {
  await node.create('updated', {
    terminationGracePeriodSeconds: 1,
    restartPolicy: 'Never',
    containers: [{ name: 'main', image, command: forever }],
  })
  const before = await node.until('updated', isReady)
  // The same image by another of its names.
  const patch = { spec: { containers: [{ name: 'main', image: 'busybox:1.35' }] } }
  await node.pods.patch('updated', { type: 'strategic', patch })
  const now = await node.until(
    'updated',
    (pod) => statusOf(pod)?.restartCount === 1 && isReady(pod),
  )
  assert.equal(now.status.podIP, before.status.podIP)
  assert.ok(
    (await node.events('updated')).includes(
      'Normal Killing Container main definition changed, will be restarted',
    ),
  )
  await node.pods.delete('updated')
  await node.untilGone('updated')
})

test('a preStop hook runs before the container is told to stop', async () => {
  await node.create('hooked', {
    terminationGracePeriodSeconds: 10,
    containers: [
      {
        name: 'main',
        image,
        command: forever,
        lifecycle: { preStop: { exec: { command: sh('echo bye > /shared/bye') } } },
        volumeMounts: [{ name: 'shared', mountPath: '/shared' }],
      },
    ],
    volumes: [
      { name: 'shared', hostPath: { path: `${directory}/shared`, type: 'DirectoryOrCreate' } },
    ],
  })
  await node.until('hooked', isReady)
  await node.pods.delete('hooked')
  await node.untilGone('hooked')
  assert.equal(await readFile(`${directory}/shared/bye`, 'utf8'), 'bye\n')
})

test('what is missing is told, and the pod runs when it is there', async () => {
  await node.create('missing', {
    terminationGracePeriodSeconds: 1,
    containers: [
      { name: 'main', image, command: forever, volumeMounts: [{ name: 'v', mountPath: '/v' }] },
      { name: 'absent', image: 'docker.io/library/absent:1', imagePullPolicy: 'Never' },
    ],
    volumes: [{ name: 'v', configMap: { name: 'later' } }],
  })
  await poll(
    { clock: realClock, intervalMs: 25, timeoutMs: 20_000, what: 'FailedMount' },
    async () =>
      (await node.events('missing')).includes(
        'Warning FailedMount MountVolume.SetUp failed for volume "v" : configmap "later" not found',
      ),
  )
  await node.configMaps.create({ metadata: { name: 'later' }, data: { a: 'b' } })
  const pod = await node.until(
    'missing',
    (each) =>
      statusOf(each)?.ready === true &&
      statusOf(each, 1)?.state?.waiting?.reason === 'ErrImageNeverPull',
  )
  assert.equal(pod.status.phase, 'Pending')
  await node.pods.delete('missing')
  await node.untilGone('missing')
})

test('a pod that goes while its kubelet is away leaves nothing either', async () => {
  await node.create('orphan', { containers: [{ name: 'main', image, command: forever }] })
  const pod = await node.until('orphan', isReady)
  const uid = uidOf(pod)
  const log = node.logs(uid, 'orphan', 'main')
  assert.ok(existsSync(log))
  await node.restartKubelet(() => node.pods.delete('orphan', { gracePeriodSeconds: 0 }))
  assert.deepEqual(await node.runtime.sandboxes(uid), [])
  assert.ok(!existsSync(dirname(dirname(log))))
  assert.equal(await node.cgroups.usage(`${cgroupRoot}/kubepods/besteffort/pod${uid}`), undefined)
  const mounted = (await node.mounts.list()).filter(({ target }) => target.includes(uid))
  assert.deepEqual(mounted, [])
})

test('containerd killed and started again harms nothing', async () => {
  await node.create('steady', {
    terminationGracePeriodSeconds: 1,
    containers: [{ name: 'main', image, command: forever }],
  })
  const before = await node.until('steady', isReady)
  await node.killContainerd()
  // The kubelet hears of what happens from now on: the container's end, and it does its work.
  const [container] = await node.runtime.containers(uidOf(before))
  assert.equal(container?.state, 'running')
  assert.equal(statusOf(await node.pods.get('steady'))?.restartCount, 0)
  await node.runtime.stopContainer(container.id, 0)
  const again = await node.until(
    'steady',
    (each) => statusOf(each)?.restartCount === 1 && isReady(each),
  )
  assert.equal(again.status.podIP, before.status.podIP)
  await node.pods.delete('steady')
  await node.untilGone('steady')
})

test('a container that somebody kills comes back', async () => {
  await node.create('victim', {
    terminationGracePeriodSeconds: 1,
    containers: [{ name: 'main', image, command: forever }],
  })
  const pod = await node.until('victim', isReady)
  const [container] = await node.runtime.containers(uidOf(pod))
  await node.runtime.stopContainer(container?.id ?? '', 0)
  const again = await node.until(
    'victim',
    (each) => statusOf(each)?.restartCount === 1 && isReady(each),
  )
  assert.equal(statusOf(again)?.lastState?.terminated?.exitCode, 137)
  await node.pods.delete('victim', { gracePeriodSeconds: 0 })
  await poll(
    { clock: realClock, intervalMs: 25, timeoutMs: 20_000, what: 'its containers to go' },
    async () => (await node.runtime.sandboxes(uidOf(pod))).length === 0,
  )
})
