import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { text } from 'node:stream/consumers'
import { TLSSocket } from 'node:tls'
import { after, before, it } from 'node:test'
import { Node, Pod, ServiceAccount } from '#api'
import { networkConnections } from '#apiserver'
import { poll, realClock, realRandom } from '#base'
import { startCluster, type Cluster } from '#cluster'
import { memoryPki, privateKeyToPem } from '#pki'
import { simulatedKubelet } from '#simulation'

let cluster: Cluster
let port = 0
/** Of the administrator, from the kubeconfig. */
let admin: { readonly ca: string; readonly cert: string; readonly key: string }

before(async () => {
  cluster = await startCluster({ simulatedNodes: 3, https: true })
  const node = await cluster.client.resource(Node).get('simulated-1')
  port = node.status.daemonEndpoints?.kubeletEndpoint?.Port ?? 0
  const field = (name: string) => {
    const base64 = RegExp(`${name}: ?(\\S+)`).exec(cluster.kubeconfig)?.[1] ?? ''
    return Buffer.from(base64, 'base64').toString()
  }
  admin = {
    ca: field('certificate-authority-data'),
    cert: field('client-certificate-data'),
    key: field('client-key-data'),
  }
})
after(() => cluster[Symbol.asyncDispose]())

async function ask(
  path: string,
  options: {
    readonly node?: string
    readonly method?: string
    readonly headers?: Readonly<Record<string, string>>
    readonly credential?: object
  } = {},
) {
  const { node = 'simulated-1', method = 'GET', headers = {}, credential = admin } = options
  const request = httpsRequest({
    host: '127.0.0.1',
    port,
    path,
    method,
    headers,
    ca: admin.ca,
    servername: node,
    agent: false,
    ...credential,
  })
  request.end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  assert.ok(response.socket instanceof TLSSocket)
  const { CN } = response.socket.getPeerCertificate().subject
  return { code: response.statusCode, name: CN, text: await text(response) }
}

it('serves each kubelet under its own name', async () => {
  for (const node of ['simulated-0', 'simulated-2']) {
    const { code, name, text } = await ask('/healthz', { node })
    assert.deepEqual([code, name, text], [200, `system:node:${node}`, 'ok'])
  }
  const pods = JSON.parse((await ask('/pods')).text) as { kind: string; items: object[] }
  assert.deepEqual([pods.kind, pods.items], ['PodList', []])
  assert.match((await ask('/metrics')).text, /^kubelet_running_pods 0$/m)
})

it('refuses whom it does not know, and what he may not', async () => {
  assert.equal((await ask('/pods', { credential: {} })).code, 401)
  const foreign = memoryPki({
    clock: realClock,
    random: realRandom,
    hostName: 'x',
    serviceIps: [],
  }).admin
  const stranger = { cert: foreign.certificate.pem, key: privateKeyToPem(foreign.key.privateKey) }
  assert.equal((await ask('/pods', { credential: stranger })).code, 401)
  const bearer = { headers: { authorization: 'Bearer nonsense' }, credential: {} }
  assert.equal((await ask('/pods', bearer)).code, 401)

  const accounts = cluster.client.resource(ServiceAccount).namespace('default')
  await accounts.create({ metadata: { name: 'reader' } })
  const { status } = (await cluster.client.send({
    method: 'POST',
    path: '/api/v1/namespaces/default/serviceaccounts/reader/token',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
  })) as { status: { token: string } }
  const token = { headers: { authorization: `Bearer ${status.token}` }, credential: {} }
  const refused = await ask('/metrics', token)
  assert.equal(refused.code, 403)
  assert.equal(
    refused.text,
    'Forbidden (user=system:serviceaccount:default:reader, verb=get, resource=nodes, subresource(s)=[metrics])',
  )
})

it('says that there is nothing to run a command in', async () => {
  const { code, text } = await ask('/exec/default/web/main?command=ls&output=1', { method: 'POST' })
  assert.equal(code, 501)
  assert.match(text, /^node "simulated-1" is simulated, /)
  assert.equal((await ask('/nothing')).code, 404)
  assert.equal((await ask('/containerLogs/default/none/main')).code, 404)
})

it('is left by nothing when the cluster is gone', async () => {
  const gone = await startCluster({ simulatedNodes: 1, https: true })
  const node = await gone.client.resource(Node).get('simulated-0')
  const there = node.status.daemonEndpoints?.kubeletEndpoint?.Port ?? 0
  await gone[Symbol.asyncDispose]()
  const request = httpsRequest({ host: '127.0.0.1', port: there, agent: false })
  const [error] = (await once(request, 'error')) as [Error & { code?: string }]
  assert.equal(error.code, 'ECONNREFUSED')
})

it('is reached over the network by other servers, which never ask for the address', async () => {
  await cluster.client
    .resource(Pod)
    .namespace('default')
    .create({
      metadata: { name: 'web' },
      spec: { nodeName: 'simulated-1', containers: [{ name: 'main', image: 'web:1' }] },
    })
  const started = async () => {
    const pod = await cluster.client.resource(Pod).namespace('default').get('web')
    return pod.status.phase === 'Running'
  }
  await poll({ clock: realClock, what: 'a running pod', intervalMs: 5, timeoutMs: 20_000 }, started)
  const connections = networkConnections({
    clock: realClock,
    random: realRandom,
    credentials: () => ({ certificate: admin.cert, key: admin.key, ca: admin.ca }),
    locate: simulatedKubelet,
  })
  const node = await cluster.client.resource(Node).get('simulated-1')
  const signal = new AbortController().signal
  const call = { request: { signal }, info: { name: 'web' } } as Parameters<
    typeof connections.log
  >[0]['call']
  const path = '/containerLogs/default/web/main'
  const answer = await connections.log({ node, path, insecure: false, call })
  assert.ok(answer.type === 'passed')
  const said = await answer.body.read()
  assert.match(Buffer.from(said ?? []).toString(), /^main: started from web:1 \(simulated\)\n/)
  await connections.close()
})
