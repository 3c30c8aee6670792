import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Pod, ServiceAccount } from '#api'
import { poll } from '#base'
import { startCluster, type Cluster } from '#cluster'
import { simulationAnnotations } from '#simulation'

async function withPod(
  cluster: Cluster,
  given: Readonly<Record<string, string>>,
  restartPolicy: 'Always' | 'Never' = 'Always',
): Promise<void> {
  const accounts = cluster.client.resource(ServiceAccount).namespace('default')
  await accounts.get('default').catch(() => accounts.create({ metadata: { name: 'default' } }))
  await cluster.client
    .resource(Pod)
    .namespace('default')
    .create({
      metadata: { name: 'web', annotations: given },
      spec: { restartPolicy, containers: [{ name: 'main', image: 'web:1' }] },
    })
}

const log = '/api/v1/namespaces/default/pods/web/log'
const read = (cluster: Cluster, query: Readonly<Record<string, string>> = {}) =>
  cluster.client.send({ method: 'GET', path: log, query })

it('has logs under virtual time, the same each time, without a socket', async () => {
  const told = async () => {
    await using cluster = await startCluster({ simulatedNodes: 2, virtualTime: true, seed: 1 })
    await cluster.advance('1s')
    await withPod(cluster, { [simulationAnnotations.logEvery]: '10s' })
    await cluster.advance('35s')
    const seen = [await read(cluster), await read(cluster, { tailLines: '1', timestamps: 'true' })]
    let followed: unknown
    const following = read(cluster, { follow: 'true', tailLines: '0' }).then(
      (text) => (followed = text),
    )
    await cluster.advance('20s')
    assert.equal(followed, undefined)
    await cluster.client.resource(Pod).namespace('default').delete('web')
    await cluster.advance('1m')
    await following
    return [...seen, followed]
  }
  const first = await told()
  assert.equal(
    first[0],
    'main: started from web:1 (simulated)\nmain: ready\nline 1\nline 2\nline 3\n',
  )
  assert.match(String(first[1]), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z line 3\n$/)
  assert.match(String(first[2]), /^line 4\nline 5\n/)
  assert.deepEqual(await told(), first)
})

it('ends a followed log with its run, and keeps the log of the run before', async () => {
  await using cluster = await startCluster({ simulatedNodes: 1, virtualTime: true, seed: 1 })
  await cluster.advance('1s')
  await withPod(cluster, {
    [simulationAnnotations.exitAfter]: '5s',
    [simulationAnnotations.exitCode]: '3',
  })
  await cluster.advance('2s')
  const following = read(cluster, { follow: 'true' })
  await cluster.advance('10s')
  const run = 'main: started from web:1 (simulated)\nmain: ready\nmain: ended with exit code 3\n'
  assert.equal(await following, run)
  await cluster.advance('5s')
  assert.equal(await read(cluster, { previous: 'true' }), run)
  assert.match(String(await read(cluster)), /^main: started from web:1 \(simulated, restart 1\)/)
})

it('refuses what a kubelet would, and says that commands need a container', async () => {
  await using cluster = await startCluster({ simulatedNodes: 1 })
  const { client } = cluster
  await withPod(cluster, {})
  await poll(
    { clock: cluster.clock, what: 'a running pod', intervalMs: 5, timeoutMs: 20_000 },
    async () => {
      const pod = await client.resource(Pod).namespace('default').get('web')
      return pod.status.phase === 'Running'
    },
  )
  await assert.rejects(read(cluster, { previous: 'true' }), {
    code: 400,
    message: 'previous terminated container "main" in pod "web" not found',
  })
  const proxy = '/api/v1/nodes/simulated-0/proxy'
  assert.equal(await client.document(`${proxy}/healthz`), 'ok')
  const pods = (await client.document(`${proxy}/pods`)) as { items: { metadata: object }[] }
  assert.equal(pods.items.length, 1)
  assert.match(String(await client.document(`${proxy}/metrics`)), /^kubelet_running_pods 1$/m)
  await assert.rejects(
    client.document(`${proxy}/exec/default/web/main`),
    /simulated-0" is simulated/,
  )
  const following = read(cluster, { follow: 'true' })
  await cluster.clock.yield()
  cluster.nodes?.kill('simulated-0')
  await assert.rejects(following, { message: /connection reset by peer/ })
  await assert.rejects(read(cluster), { code: 503, message: /connect: no route to host$/ })
})
