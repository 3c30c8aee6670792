import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { test } from 'node:test'
import { Server, ServerCredentials, status, type handleUnaryCall } from '@grpc/grpc-js'
import { realClock, seededRandom, VirtualClock } from '#base'
import { FakeRuntime } from '../testing/fake-runtime.ts'
import { observed, testContainer, testPod } from '../testing/objects.ts'
import { KubeletError } from '../error.ts'
import { PodProbes } from './pod-probes.ts'
import { realProber, type ProbeResult } from './prober.ts'
import { Tally } from './tally.ts'

test('what stands changes after enough results in a row', () => {
  const tally = new Tally({ successThreshold: 2, failureThreshold: 3 }, undefined)
  const results = [true, true, false, false, true, false, false, false, true, true]
  assert.deepEqual(
    results.map((ok) => (tally.count(ok), tally.result)),
    [undefined, true, true, true, true, true, true, false, false, true],
  )
})

const answers: Readonly<Record<string, readonly [number, string?]>> = {
  '/well': [204],
  '/moved': [302, '/well'],
  '/moved-ill': [301, '/ill'],
  '/elsewhere': [302, 'http://192.0.2.1/'],
  '/round': [307, '/round'],
}

test('a container is asked over HTTP and TCP, and failures are told as upstream tells them', async () => {
  const server = createServer((request, response) => {
    const [code, location] = answers[request.url ?? ''] ?? [503]
    response.writeHead(code, location === undefined ? {} : { location })
    response.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  const [container] =
    testPod('web', {
      spec: {
        containers: [
          { name: 'main', image: 'web', ports: [{ name: 'http', containerPort: port }] },
        ],
      },
    }).spec.containers ?? []
  assert.ok(container !== undefined)
  const prober = realProber(new FakeRuntime(realClock, []), realClock)
  const target = { container, containerId: 'main-0', podIp: '127.0.0.1' }
  try {
    const well = await prober.probe(
      { httpGet: { path: '/well', port: 'http', scheme: 'HTTP' } },
      target,
      5,
    )
    assert.deepEqual(well, { ok: true, output: '' })
    const ill = await prober.probe(
      { httpGet: { path: '/ill', port: 'http', scheme: 'HTTP' } },
      target,
      5,
    )
    assert.equal(ill.output, 'HTTP probe failed with statuscode: 503')
    const redirects: [string, string][] = [
      ['/moved', ''],
      ['/moved-ill', 'HTTP probe failed with statuscode: 503'],
      ['/elsewhere', ''],
      ['/round', `Get "http://127.0.0.1:${port}/round": stopped after 10 redirects`],
    ]
    for (const [path, output] of redirects) {
      const httpGet = { path, port: 'http', scheme: 'HTTP' } as const
      const result = await prober.probe({ httpGet }, target, 5)
      assert.deepEqual([result.ok, result.output], [output === '', output])
    }
    assert.equal((await prober.probe({ tcpSocket: { port } }, target, 5)).ok, true)
  } finally {
    server.close()
    await once(server, 'close')
  }
  const refused = await prober.probe({ httpGet: { path: '/', port, scheme: 'HTTP' } }, target, 5)
  assert.equal(
    refused.output,
    `Get "http://127.0.0.1:${port}/": dial tcp 127.0.0.1:${port}: connect: connection refused`,
  )
})

test('a container is asked by the health protocol of gRPC', async () => {
  const server = new Server()
  const definition = {
    path: '/grpc.health.v1.Health/Check',
    requestStream: false,
    responseStream: false,
    requestSerialize: () => Buffer.alloc(0),
    requestDeserialize: (bytes: Buffer) => ({ service: bytes.subarray(2).toString() }),
    responseSerialize: (code: number) => Buffer.from(code === 0 ? [] : [0x08, code]),
    responseDeserialize: () => 0,
  } as const
  const statuses = new Map([
    ['', 1],
    ['stopping', 2],
    ['unsure', 0],
  ])
  const answer: handleUnaryCall<{ service: string }, number> = ({ request }, reply) => {
    const found = statuses.get(request.service)
    if (found === undefined) reply({ code: status.NOT_FOUND, details: 'unknown service' })
    else reply(null, found)
  }
  server.addService({ Check: definition }, { Check: answer })
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound)
      else reject(error)
    })
  })
  const [container] = testPod('web').spec.containers ?? []
  assert.ok(container !== undefined)
  const prober = realProber(new FakeRuntime(realClock, []), realClock)
  const target = { container, containerId: 'main-0', podIp: '127.0.0.1' }
  const ask = (service: string) => prober.probe({ grpc: { port, service } }, target, 5)
  try {
    assert.deepEqual(await ask(''), { ok: true, output: 'service healthy' })
    const rows: [string, string][] = [
      ['stopping', 'service unhealthy (responded with "NOT_SERVING")'],
      ['unsure', 'service unhealthy (responded with "UNKNOWN")'],
      ['other', 'error: health rpc probe failed: unknown service'],
    ]
    for (const [service, output] of rows)
      assert.deepEqual(await ask(service), { ok: false, output })
  } finally {
    server.forceShutdown()
  }
  assert.match((await ask('')).output, /^error: failed to connect service "127.0.0.1:\d+": /)
})

test('liveness and readiness wait for the startup probe, and a past readiness is believed', async () => {
  const clock = new VirtualClock()
  const asked: string[] = []
  let up = false
  const pod = testPod('web', {
    spec: {
      containers: [
        {
          name: 'main',
          image: 'web',
          startupProbe: { exec: { command: ['startup'] }, periodSeconds: 1 },
          livenessProbe: { exec: { command: ['liveness'] }, periodSeconds: 5, failureThreshold: 1 },
          readinessProbe: { exec: { command: ['readiness'] }, periodSeconds: 5 },
        },
      ],
    },
    status: {
      containerStatuses: [
        {
          name: 'main',
          ready: true,
          restartCount: 0,
          image: '',
          imageID: '',
          containerID: 'containerd://main-0',
        },
      ],
    },
  })
  const probes = new PodProbes({
    clock,
    random: seededRandom(1),
    prober: {
      async probe({ exec }) {
        const kind = exec?.command?.[0] ?? ''
        asked.push(kind)
        return { ok: kind === 'startup' ? up : kind === 'readiness', output: '' }
      },
    },
    changed: () => {},
    failed: () => {},
  })
  probes.sync(pod, observed(testContainer('main', { startedAtMs: clock.now() })))
  assert.equal(probes.result('web', 'main-0', 'readiness'), true)
  await clock.advance(1_500)
  assert.deepEqual(asked, ['startup', 'startup'])
  up = true
  await clock.advance(2_000)
  assert.equal(probes.result('web', 'main-0', 'startup'), true)
  // Liveness not before it had a period's time.
  assert.equal(probes.result('web', 'main-0', 'liveness'), undefined)
  assert.deepEqual(asked.slice(2), ['startup', 'readiness'])
  await clock.advance(2_000)
  assert.equal(probes.result('web', 'main-0', 'liveness'), false)
  const labels = 'container="main",namespace="default",pod="web",pod_uid="web"'
  const metrics = probes.metrics()
  assert.ok(
    metrics.includes(`prober_probe_total{${labels},probe_type="Liveness",result="failed"} 1\n`),
    metrics,
  )
  probes.stop('web')
  assert.equal(probes.metrics(), '')
  const before = asked.length
  await clock.advance(60_000)
  assert.equal(asked.length, before)
})

test('what could not be asked changes nothing, and is told as such', async () => {
  const clock = new VirtualClock()
  const told: string[] = []
  const results: ProbeResult[] = [
    { ok: true, output: '' },
    { ok: false, unknown: true, output: 'not reached' },
    { ok: false, output: 'no' },
  ]
  const probes = new PodProbes({
    clock,
    random: seededRandom(1),
    prober: { probe: async () => results.shift() ?? { ok: true, output: '' } },
    changed: () => {},
    failed: (_pod, _container, message) => told.push(message),
  })
  const readinessProbe = { exec: { command: ['ready'] }, periodSeconds: 1, failureThreshold: 1 }
  const pod = testPod('web', {
    spec: { containers: [{ name: 'main', image: 'web', readinessProbe }] },
  })
  probes.sync(pod, observed(testContainer('main', { startedAtMs: clock.now() })))
  const ready = () => probes.result('web', 'main-0', 'readiness')
  await clock.advance(1_100)
  assert.equal(ready(), true)
  assert.deepEqual(told, ['Readiness probe errored and resulted in unknown state: not reached'])
  assert.match(probes.metrics(), /result="unknown"\} 1/)
  await clock.advance(1_000)
  assert.equal(ready(), false)
  assert.equal(told[1], 'Readiness probe failed: no')
  probes.stopAll()
})

test('a container that had started is not asked again by the next kubelet', async () => {
  const clock = new VirtualClock()
  const asked: (string | undefined)[] = []
  const startupProbe = { exec: { command: ['startup'] } }
  const readinessProbe = { exec: { command: ['readiness'] } }
  const status = { name: 'main', started: true, ready: false, containerID: 'containerd://main-0' }
  const pod = testPod('web', {
    spec: { containers: [{ name: 'main', image: 'web', startupProbe, readinessProbe }] },
    status: { containerStatuses: [{ ...status, restartCount: 0, image: '', imageID: '' }] },
  })
  const probes = new PodProbes({
    clock,
    random: seededRandom(1),
    prober: {
      async probe({ exec }) {
        asked.push(exec?.command?.[0])
        return { ok: true, output: '' }
      },
    },
    changed: () => {},
    failed: () => {},
  })
  probes.sync(pod, observed(testContainer('main', { startedAtMs: clock.now() })))
  assert.equal(probes.result('web', 'main-0', 'startup'), true)
  await clock.advance(100)
  assert.deepEqual(asked, ['readiness'])
  probes.stopAll()
})

test('a command that takes too long has failed; one that could not be run is unknown', async () => {
  const runtime = new FakeRuntime(realClock, [])
  const prober = realProber(runtime, realClock)
  const [container] = testPod('web', {}).spec.containers ?? []
  assert.ok(container !== undefined)
  const target = { container, containerId: 'main-0', podIp: '' }
  const ask = () => prober.probe({ exec: { command: ['sleep', '9'] } }, target, 1)
  runtime.answer = () => {
    throw new KubeletError('DeadlineExceeded', 'too late')
  }
  assert.deepEqual(await ask(), {
    ok: false,
    output: 'command timed out: "sleep 9" timed out after 1s',
  })
  runtime.answer = () => {
    throw new KubeletError('RuntimeUnavailable', 'ExecSync: not reached')
  }
  assert.deepEqual(await ask(), { ok: false, unknown: true, output: 'ExecSync: not reached' })
})
