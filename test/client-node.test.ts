import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import {
  ApiException,
  CoreV1Api,
  KubeConfig,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  Watch,
  type V1ConfigMap,
} from '@kubernetes/client-node'
import { startTestServer, type TestServer } from './server.ts'

/** The official JavaScript client, as its users write it. */
describe('@kubernetes/client-node', () => {
  let server: TestServer
  let config: KubeConfig
  let core: CoreV1Api
  const namespace = 'default'
  const dir = mkdtempSync(join(tmpdir(), 'k8ts-client-node-'))

  before(async () => {
    server = await startTestServer(dir)
    config = new KubeConfig()
    config.loadFromString(readFileSync(server.kubeconfig, 'utf8'))
    core = config.makeApiClient(CoreV1Api)
  })
  after(async () => {
    await server.close()
    rmSync(dir, { recursive: true })
  })

  it('creates, reads, replaces, lists and deletes', async () => {
    const body: V1ConfigMap = { metadata: { name: 'crud' }, data: { a: '1' } }
    const created = await core.createNamespacedConfigMap({ namespace, body })
    assert.equal(created.metadata?.namespace, namespace)
    const read = await core.readNamespacedConfigMap({ namespace, name: 'crud' })
    assert.deepEqual(read, created)
    const { metadata, apiVersion, kind } = read
    const changed = { apiVersion, kind, metadata, data: { a: '2' } } as V1ConfigMap
    const replaced = await core.replaceNamespacedConfigMap({
      namespace,
      name: 'crud',
      body: changed,
    })
    assert.deepEqual(replaced.data, { a: '2' })
    await assert.rejects(
      core.replaceNamespacedConfigMap({ namespace, name: 'crud', body: changed }),
      (error) => error instanceof ApiException && error.code === 409,
    )
    const list = await core.listNamespacedConfigMap({ namespace })
    assert.deepEqual(
      list.items.map(({ metadata }) => metadata?.name),
      ['crud'],
    )
    const status = await core.deleteNamespacedConfigMap({ namespace, name: 'crud' })
    assert.equal(status.status, 'Success')
    await assert.rejects(
      core.readNamespacedConfigMap({ namespace, name: 'crud' }),
      (error) => error instanceof ApiException && error.code === 404,
    )
  })

  it('pages through a list', async () => {
    for (const name of ['page-1', 'page-2', 'page-3']) {
      await core.createNamespacedConfigMap({
        namespace,
        body: { metadata: { name, labels: { page: 'yes' } } },
      })
    }
    const names: (string | undefined)[] = []
    let token: string | undefined
    do {
      const page = await core.listNamespacedConfigMap({
        namespace,
        labelSelector: 'page=yes',
        limit: 2,
        ...(token === undefined ? {} : { _continue: token }),
      })
      names.push(...page.items.map(({ metadata }) => metadata?.name))
      // oxlint-disable-next-line no-underscore-dangle -- the client's name for `continue`
      token = page.metadata?._continue
    } while (token !== undefined && token !== '')
    assert.deepEqual(names, ['page-1', 'page-2', 'page-3'])
  })

  it('patches in every way', async () => {
    const name = 'patched'
    await core.createNamespacedConfigMap({
      namespace,
      body: { metadata: { name }, data: { a: '1', b: '2' } },
    })
    const patch = (body: unknown, strategy: string) =>
      core.patchNamespacedConfigMap(
        { namespace, name, body },
        setHeaderOptions('Content-Type', strategy),
      )
    const operations = [{ op: 'replace', path: '/data/a', value: '3' }]
    assert.equal((await patch(operations, PatchStrategy.JsonPatch)).data?.['a'], '3')
    const merged = await patch({ data: { a: null, c: '4' } }, PatchStrategy.MergePatch)
    assert.deepEqual(merged.data, { b: '2', c: '4' })
    const strategic = await patch({ data: { d: '5' } }, PatchStrategy.StrategicMergePatch)
    assert.deepEqual(strategic.data, { b: '2', c: '4', d: '5' })
  })

  it('watches, and resumes where it stopped', async () => {
    const name = 'watched'
    const created = await core.createNamespacedConfigMap({
      namespace,
      body: { metadata: { name } },
    })
    const path = `/api/v1/namespaces/${namespace}/configmaps`
    const query = {
      fieldSelector: `metadata.name=${name}`,
      resourceVersion: created.metadata?.resourceVersion ?? '',
    }
    const first = await watchUntil(config, path, query, 1, async () => {
      await core.replaceNamespacedConfigMap({
        namespace,
        name,
        body: { metadata: { name }, data: { a: '1' } },
      })
    })
    assert.deepEqual(
      first.map(({ phase, object }) => [phase, object.data]),
      [['MODIFIED', { a: '1' }]],
    )
    // What happens while nobody watches is delivered to who resumes.
    await core.deleteNamespacedConfigMap({ namespace, name })
    const resumed = { ...query, resourceVersion: first[0]?.object.metadata?.resourceVersion ?? '' }
    const second = await watchUntil(config, path, resumed, 1, async () => {})
    assert.deepEqual(
      second.map(({ phase, object }) => [phase, object.metadata?.name]),
      [['DELETED', name]],
    )
  })

  it('informs', async () => {
    const informer = makeInformer(
      config,
      `/api/v1/namespaces/${namespace}/configmaps`,
      () => core.listNamespacedConfigMap({ namespace, labelSelector: 'informed=yes' }),
      'informed=yes',
    )
    const seen: string[] = []
    let look = () => {}
    for (const verb of ['add', 'update', 'delete'] as const) {
      informer.on(verb, (object: V1ConfigMap) => {
        seen.push(`${verb} ${object.metadata?.name}`)
        look()
      })
    }
    const until = (text: string) =>
      new Promise<void>((resolve) => {
        look = () => {
          if (seen.at(-1) === text) resolve()
        }
        look()
      })
    const labels = { informed: 'yes' }
    await core.createNamespacedConfigMap({
      namespace,
      body: { metadata: { name: 'inf-1', labels } },
    })
    await informer.start()
    await until('add inf-1')
    await core.createNamespacedConfigMap({
      namespace,
      body: { metadata: { name: 'inf-2', labels } },
    })
    await until('add inf-2')
    await core.replaceNamespacedConfigMap({
      namespace,
      name: 'inf-2',
      body: { metadata: { name: 'inf-2', labels }, data: { x: 'y' } },
    })
    await until('update inf-2')
    await core.deleteNamespacedConfigMap({ namespace, name: 'inf-1' })
    await until('delete inf-1')
    assert.equal(informer.get('inf-2', namespace)?.data?.['x'], 'y')
    await informer.stop()
  })
})

interface Seen {
  readonly phase: string
  readonly object: V1ConfigMap
}

async function watchUntil(
  config: KubeConfig,
  path: string,
  query: Readonly<Record<string, string>>,
  count: number,
  started: () => Promise<void>,
): Promise<readonly Seen[]> {
  const seen: Seen[] = []
  const enough = Promise.withResolvers<void>()
  const watching = await new Watch(config).watch(
    path,
    { ...query },
    (phase: string, object: V1ConfigMap) => {
      seen.push({ phase, object })
      if (seen.length === count) enough.resolve()
    },
    (error: unknown) => enough.reject(error instanceof Error ? error : new Error('watch ended')),
  )
  await started()
  await enough.promise
  watching.abort()
  return seen
}
