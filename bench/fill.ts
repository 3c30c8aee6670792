import { realClock, realRandom, silentLog } from '#base'
import { startServer } from '#cluster'
import { openStore, prefixEnd, type Store } from '#store'
import { pod, serviceAccount } from './objects.ts'

const services = { clock: realClock, random: realRandom, log: silentLog }

/** A cluster that has been used: its objects, and so many pods more. */
export async function fillDataDirectory(dataDir: string, pods: number): Promise<void> {
  const server = await startServer({
    ...services,
    dataDir,
    bindAddresses: ['127.0.0.1'],
    apiPort: 0,
    store: { type: 'sqlite' },
    kubeconfig: undefined,
    serviceCidrs: ['10.43.0.0/16'],
    nodePorts: { from: 30_000, to: 32_767 },
    clusterDomain: 'cluster.local',
    apiOnly: true,
  })
  await server.client.send(serviceAccount)
  await server.client.send({
    method: 'POST',
    path: '/api/v1/namespaces/default/pods',
    body: pod('template'),
  })
  await server.close()
  await using store = await openStore({ type: 'sqlite', dataDir: `${dataDir}/store`, ...services })
  await copyPod(store, pods)
}

/** Stores copies of the pod `template`, in bulk and below the API. */
export async function copyPod(store: Store, pods: number): Promise<void> {
  const prefix = '/registry/pods/default/'
  const { records } = await store.range({
    start: `${prefix}template`,
    end: prefixEnd(`${prefix}template`),
  })
  const [template] = records
  if (template === undefined) throw new Error('there is a pod to copy')
  const text = Buffer.from(template.value).toString()
  const uid = /"uid":"([^"]+)"/.exec(text)?.[1] ?? ''
  for (let from = 0; from < pods; from += 500) {
    const batch = Array.from({ length: Math.min(500, pods - from) }, (_, i) => {
      const name = `pod-${String(from + i).padStart(6, '0')}`
      const value = text
        .replace('"name":"template"', `"name":"${name}"`)
        .replace(uid, realRandom.uuid())
      const put = { type: 'put', key: prefix + name, value: Buffer.from(value) } as const
      return store.txn({ compare: [], ops: [put] })
    })
    await Promise.all(batch)
  }
}
