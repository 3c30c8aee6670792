import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { realClock } from '#base'
import { findKubectls } from '../kubectl/kubectls.ts'
import {
  apply,
  dataDir,
  directory,
  downCluster,
  image,
  k8ts,
  kubectl,
  newestKubectl,
  run,
  start,
  until,
  upCluster,
} from './cluster.ts'
import { onTerminal } from './terminal.ts'

const found = findKubectls()
/** The oldest and the newest: they speak SPDY and WebSockets. */
const kubectls = found.filter((_, index) => index === 0 || index === found.length - 1)

const webScript = `
mkdir -p /www
head -c 1000000 /dev/zero > /www/zeros
echo hello > /www/index.html
echo started
echo ready >&2
exec httpd -f -p 8080 -h /www`

const pods = `apiVersion: v1
kind: Pod
metadata: { name: box, labels: { app: box } }
spec:
  terminationGracePeriodSeconds: 1
  initContainers:
  - { name: first, image: ${image}, command: [echo, from the first] }
  containers:
  - name: main
    image: ${image}
    command: [sh, -c, ${JSON.stringify(webScript)}]
    ports: [{ name: http, containerPort: 8080 }]
    readinessProbe: { httpGet: { port: http, path: / }, periodSeconds: 1 }
  - name: echoer
    image: ${image}
    stdin: true
    command: [sh, -c, 'while read line; do echo "got $line"; done']
---
apiVersion: v1
kind: Pod
metadata: { name: waits }
spec:
  terminationGracePeriodSeconds: 0
  initContainers:
  - { name: first, image: ${image}, command: [sleep, '1000'] }
  containers:
  - { name: main, image: ${image}, command: ['true'] }
---
apiVersion: v1
kind: Pod
metadata: { name: lacks }
spec:
  terminationGracePeriodSeconds: 0
  volumes: [{ name: config, configMap: { name: absent } }]
  containers:
  - name: main
    image: ${image}
    command: [sleep, '1000']
    volumeMounts: [{ name: config, mountPath: /config }]
---
apiVersion: v1
kind: Pod
metadata: { name: pulls }
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - { name: main, image: 'registry.invalid/absent:1' }
---
apiVersion: v1
kind: Service
metadata: { name: box }
spec: { selector: { app: box }, ports: [{ port: 80, targetPort: http }] }
`

before(async () => {
  await upCluster('--nodes=2')
  await apply(pods)
  await kubectl('wait', '--for=condition=Ready', 'pod/box', '--timeout=60s')
})

after(async () => {
  await k8ts('down', `--data-dir=${dataDir}`)
  await rm(directory, { recursive: true, force: true })
})

for (const { path, minor } of kubectls) {
  const name = `kubectl 1.${minor}`
  const call = (...args: readonly string[]) => run(path, args)

  describe(`${name} logs`, () => {
    test('of one container, of several, of those of a selector', async () => {
      const one = await call('logs', 'box', '-c', 'main')
      assert.deepEqual(one.out.split('\n').sort(), ['', 'ready', 'started'])
      const all = await call('logs', 'box', '--all-containers', '--prefix')
      const prefixed = ['[pod/box/first] from the first', '[pod/box/main] started']
      for (const line of prefixed) assert.ok(all.out.split('\n').includes(line), all.out)
      const selected = await call('logs', '-l', 'app=box', '-c', 'first')
      assert.equal(selected.out, 'from the first\n')
      assert.match((await call('logs', 'box')).err, /main/)
    })

    test('a part of them, with times', async () => {
      const last = await call('logs', 'box', '-c', 'main', '--tail=1', '--timestamps')
      assert.match(last.out, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z (started|ready)\n$/)
      const recent = await call('logs', 'box', '-c', 'main', '--since=1h')
      assert.equal(recent.out.split('\n').length, 3)
      const none = await call('logs', 'box', '-c', 'main', '--since-time=2999-01-01T00:00:00Z')
      assert.deepEqual([none.code, none.out], [0, ''])
      const bytes = await call('logs', 'box', '-c', 'first', '--limit-bytes=4')
      assert.equal(bytes.out, 'from')
    })

    test('followed until the container ends', async () => {
      const pod = `follows-${minor}`
      const script = 'echo begun; until [ -e /go ]; do sleep 0.05; done; echo over; exit 3'
      await createPod(pod, { command: ['sh', '-c', script], restartPolicy: 'Never' })
      await kubectl('wait', '--for=condition=Ready', `pod/${pod}`, '--timeout=30s')
      const child = start(path, ['logs', '-f', pod])
      let out = ''
      child.stdout?.setEncoding('utf8').on('data', (text: string) => (out += text))
      const ended = once(child, 'close')
      await until('the first line', async () => out === 'begun\n')
      await kubectl('exec', pod, '--', 'touch', '/go')
      assert.deepEqual(await ended, [0, null])
      assert.equal(out, 'begun\nover\n')
      await kubectl('delete', 'pod', pod, '--wait=false')
    })

    test('that are not there yet, or never', async () => {
      const table: readonly [readonly string[], RegExp][] = [
        [
          ['waits', '-c', 'main'],
          /\(BadRequest\): container "main" in pod "waits" is waiting to start: PodInitializing$/m,
        ],
        [
          ['pulls'],
          /\(BadRequest\): container "main" in pod "pulls" is waiting to start: (image can't be pulled|trying and failing to pull image)$/m,
        ],
        [
          ['box', '-c', 'main', '--previous'],
          /\(BadRequest\): previous terminated container "main" in pod "box" not found$/m,
        ],
        [['box', '-c', 'other'], /container other is not valid for pod box$/m],
        [['nobody'], /\(NotFound\): pods "nobody" not found/],
      ]
      await until('the pull to have failed', async () =>
        / to start: .*pull/.test((await call('logs', 'pulls')).err),
      )
      for (const [args, message] of table) {
        const { code, err } = await call('logs', ...args)
        assert.equal(code, 1)
        assert.match(err, message)
      }
    })
  })

  describe(`${name} exec`, () => {
    const exec = (command: readonly string[], stdin?: string) =>
      run(
        path,
        ['exec', ...(stdin === undefined ? [] : ['-i']), 'box', '-c', 'main', '--', ...command],
        {
          stdin: stdin ?? '',
        },
      )

    test('tells output, errors and exit codes', async () => {
      assert.deepEqual(await exec(['sh', '-c', 'echo out; echo err >&2']), {
        code: 0,
        out: 'out\n',
        err: 'err\n',
      })
      const seven = await exec(['sh', '-c', 'exit 7'])
      assert.deepEqual([seven.code, seven.err], [7, 'command terminated with exit code 7\n'])
      assert.equal((await exec(['sh', '-c', 'kill -9 $$'])).code, 137)
    })

    test('pipes megabytes in both directions, to their end', async () => {
      const text = randomBytes(3_000_000).toString('base64')
      const { code, out, err } = await exec(['cat'], text)
      assert.deepEqual([code, err], [0, ''])
      assert.ok(out === text, `${out.length} of ${text.length} characters came back`)
      assert.equal((await exec(['wc', '-c'], text)).out, `${text.length}\n`)
    })

    test('says what is not there', async () => {
      const unknown = await exec(['nonsense'])
      assert.equal(unknown.code, 1)
      assert.match(
        unknown.err,
        /^error: Internal error occurred: error executing command in container: .*exec: "nonsense": executable file not found in \$PATH/m,
      )
      const table: readonly [readonly string[], RegExp][] = [
        [['box', '-c', 'other', '--', 'true'], /container other is not valid for pod box$/m],
        [['nobody', '--', 'true'], /\(NotFound\): pods "nobody" not found/],
        [
          ['waits', '-c', 'main', '--', 'true'],
          /unable to upgrade connection: container not found \("main"\)$/m,
        ],
      ]
      for (const [args, message] of table) {
        const { code, err } = await call('exec', ...args)
        assert.equal(code, 1)
        assert.match(err, message)
      }
    })

    test('gives a terminal, of the size that it has and gets', async () => {
      const until = (size: string) => `until [ "$(stty size)" = "${size}" ]; do sleep 0.05; done`
      const script = `tty; ${until('33 77')}; echo sized; ${until('20 50')}; echo resized; exit 3`
      const terminal = onTerminal(`${path} exec -it box -c main -- sh -c '${script}'`)
      await terminal.shows(/^sized\r?$/m)
      await terminal.resize(20, 50)
      const { code, out } = await terminal.ended
      assert.match(out, /resized/)
      assert.match(out, /command terminated with exit code 3/)
      assert.equal(code, 3)
    })
  })

  describe(`${name} attach`, () => {
    test('sends standard input, and leaves the container running', async () => {
      const child = start(path, ['attach', '-i', 'box', '-c', 'echoer'])
      let out = ''
      child.stdout?.setEncoding('utf8').on('data', (text: string) => (out += text))
      const ended = once(child, 'close')
      child.stdin?.write(`from ${minor}\n`)
      await until('the echo', async () => out === `got from ${minor}\n`)
      child.stdin?.end()
      assert.deepEqual(await ended, [0, null])
      assert.match(await kubectl('logs', 'box', '-c', 'echoer'), new RegExp(`got from ${minor}\n`))
    })

    test('to a terminal', async () => {
      const pod = `shell-${minor}`
      await createPod(pod, { command: ['sh'], restartPolicy: 'Never', tty: true })
      await kubectl('wait', '--for=condition=Ready', `pod/${pod}`, '--timeout=30s')
      const terminal = onTerminal(`${path} attach -it ${pod}`)
      await terminal.shows(/press(ing)? enter/)
      terminal.type(`echo $((${minor}+1000))\n`)
      await terminal.shows(new RegExp(`^${minor + 1000}\r?$`, 'm'))
      terminal.type('exit\n')
      assert.equal((await terminal.ended).code, 0)
      await kubectl('delete', 'pod', pod, '--wait=false')
    })
  })

  test(`${name} cp, there and back`, async () => {
    const [source, back] = [join(directory, `source-${minor}`), join(directory, `back-${minor}`)]
    const bytes = randomBytes(1_500_000)
    await mkdir(join(source, 'deep/er'), { recursive: true })
    await writeFile(join(source, 'deep/er/bytes'), bytes)
    await writeFile(join(source, 'a file'), 'text')
    const there = await call('cp', source, `box:/tmp/copy-${minor}`, '-c', 'main')
    assert.deepEqual([there.code, there.err], [0, ''])
    const again = await call('cp', `default/box:/tmp/copy-${minor}`, back, '-c', 'main')
    assert.equal(again.code, 0, again.err)
    assert.ok(bytes.equals(await readFile(join(back, 'deep/er/bytes'))))
    assert.equal(await readFile(join(back, 'a file'), 'utf8'), 'text')
  })

  describe(`${name} port-forward`, () => {
    for (const target of ['pod/box', 'service/box']) {
      test(`to a ${target.split('/')[0]}, several connections at once`, async () => {
        const remote = target === 'pod/box' ? 8080 : 80
        await using forward = await forwarded(path, [target, `:${remote}`])
        const url = `http://127.0.0.1:${forward.ports[0]}`
        const answers = await Promise.all(
          Array.from({ length: 8 }, async (_, index) => {
            const response = await fetch(index % 2 === 0 ? url : `${url}/zeros`)
            return (await response.arrayBuffer()).byteLength
          }),
        )
        assert.deepEqual(answers, [6, 1_000_000, 6, 1_000_000, 6, 1_000_000, 6, 1_000_000])
      })
    }

    test('to where nothing listens', async () => {
      await using forward = await forwarded(path, ['pod/box', ':9'])
      await assert.rejects(fetch(`http://127.0.0.1:${forward.ports[0]}`))
      await until('the complaint', async () => /connect: connection refused/.test(forward.err))
      assert.match(
        forward.err,
        /an error occurred forwarding \d+ -> 9: error forwarding port 9 to pod/,
      )
    })
  })

  test(`${name} run --rm, with and without a terminal`, async () => {
    const rm = ['run', `once-${minor}`, '--rm', '-i', '--restart=Never', `--image=${image}`]
    const piped = await run(path, [...rm, '--', 'sh', '-c', 'wc -c; exit 4'], {
      stdin: 'x'.repeat(100_000),
    })
    assert.equal(piped.code, 4, piped.err)
    assert.match(piped.out, /^100000$/m)
    const line = `${path} run tty-${minor} --rm -it --restart=Never --image=${image}`
    const terminal = onTerminal(`${line} -- sh -c 'read word; echo "read $word"; exit 5'`)
    await terminal.shows(/press(ing)? enter/)
    terminal.type('this\n')
    const { code, out } = await terminal.ended
    assert.match(out, /^read this\r?$/m)
    assert.match(out, new RegExp(`pod "tty-${minor}" deleted`))
    assert.equal(code, 5)
    assert.doesNotMatch(await kubectl('get', 'pods', '-o', 'name'), /once-|tty-/)
  })
}

test('kubectl debug looks into a container that runs', async () => {
  const line = `${newestKubectl} debug -it box --image=${image} --target=main --profile=general`
  const terminal = onTerminal(`${line} -- sh -c 'read word; ps; exit 6'`)
  await terminal.shows(/press(ing)? enter/)
  terminal.type('\n')
  const { out } = await terminal.ended
  assert.match(out, / httpd -f -p 8080 -h \/www/)
  const path = '{.status.ephemeralContainerStatuses[0].state.terminated.exitCode}'
  await until('its end', async () => (await jsonPath('pod/box', path)) === '6')
})

test('kubectl describe shows how a pod came to run, and why others did not', async () => {
  const box = await kubectl('describe', 'pod', 'box')
  assert.match(box, /^Status: +Running$/m)
  assert.match(box, /^IP: +10\.42\./m)
  for (const event of [
    /Normal +Scheduled .* default-scheduler +Successfully assigned default\/box to node-/,
    /Normal +Pulled .* kubelet +Container image ".*busybox:1\.35" already present on machine/,
    /Normal +Created .* kubelet +Container created/,
    /Normal +Started .* kubelet +Container started/,
  ]) {
    assert.match(box, event)
  }
  await untilDescribed('pulls', /Warning +Failed .* kubelet +Error: ImagePullBackOff/)
  const pulls = await kubectl('describe', 'pod', 'pulls')
  for (const event of [
    /Normal +Pulling .* kubelet +Pulling image "registry\.invalid\/absent:1"/,
    /Warning +Failed .* kubelet +Failed to pull image "registry\.invalid\/absent:1": /,
    /Warning +Failed .* kubelet +Error: ErrImagePull/,
    /Normal +BackOff .* kubelet +Back-off pulling image "registry\.invalid\/absent:1"/,
  ]) {
    assert.match(pulls, event)
  }
  await untilDescribed(
    'lacks',
    /Warning +FailedMount .* kubelet +MountVolume\.SetUp failed for volume "config" : configmap "absent" not found/,
  )
  assert.match(await kubectl('get', 'pod', 'lacks'), / 0\/1 +ContainerCreating /)
})

test('a pod tells of its conditions only what holds', async () => {
  const path = '{range .status.conditions[*]}{.type}={.status}{.reason}{.message} {end}'
  assert.equal(
    await jsonPath('pod/box', path),
    'PodReadyToStartContainers=True Initialized=True Ready=True ContainersReady=True PodScheduled=True ',
  )
})

test('what was missing may come later; a pod that is deleted says that it is ended', async () => {
  await kubectl('create', 'configmap', 'absent', '--from-literal=a=b')
  await kubectl('wait', '--for=condition=Ready', 'pod/lacks', '--timeout=30s')
  assert.equal(await kubectl('exec', 'lacks', '--', 'cat', '/config/a'), 'b')
  await kubectl('delete', 'pod', 'lacks', 'waits', 'pulls', 'box', '--timeout=30s')
  const events = await kubectl('get', 'events', '--field-selector=reason=Killing')
  for (const container of ['main', 'echoer']) {
    assert.match(events, new RegExp(`pod/box +Stopping container ${container}\n`))
  }
})

test('down removes it all', downCluster)

interface PodOptions {
  readonly command: readonly string[]
  readonly restartPolicy: string
  readonly tty?: boolean
}

async function createPod(name: string, options: PodOptions): Promise<void> {
  const { command, restartPolicy, tty = false } = options
  const containers = [{ name: 'main', image, command, stdin: tty, tty }]
  const spec = { terminationGracePeriodSeconds: 0, restartPolicy, containers }
  await apply(JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec }))
}

function jsonPath(object: string, path: string): Promise<string> {
  return kubectl('get', object, '-o', `jsonpath=${path}`)
}

async function untilDescribed(pod: string, event: RegExp): Promise<void> {
  await until(`${pod} to say ${event}`, async () =>
    event.test(await kubectl('describe', 'pod', pod)),
  )
}

interface Forward extends AsyncDisposable {
  readonly ports: readonly number[]
  readonly err: string
}

/** A port-forward that is ready; its disposal ends it. */
async function forwarded(path: string, args: readonly string[]): Promise<Forward> {
  const child = start(path, ['port-forward', ...args])
  const ended = once(child, 'close')
  let [out, err] = ['', '']
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (err += text))
  const timer = realClock.timer(30_000, () => child.kill('SIGKILL'))
  const ports = await until('the port-forward', async () => {
    if (child.exitCode !== null) throw new Error(`port-forward ended: ${err}`)
    const lines = [...out.matchAll(/^Forwarding from 127\.0\.0\.1:(\d+) ->/gm)]
    return lines.length > 0 && lines.map(([, port]) => Number(port))
  })
  return {
    ports,
    get err() {
      return err
    },
    async [Symbol.asyncDispose]() {
      timer.cancel()
      child.kill('SIGKILL')
      await ended
    },
  }
}
