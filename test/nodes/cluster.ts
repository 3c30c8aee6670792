import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Node, Pod, ServiceAccount } from '#api'
import type { Server } from '#cluster'
import type { Credential } from '#pki'
import { startTestServer } from '../server.ts'
import { readAuthority, startTestKubelet, type TestKubelet } from './test-kubelet.ts'

/** A server with one node, `n1`, whose kubelet is a test's; on it the pod `web` with one container. */
export interface NodeCluster extends AsyncDisposable {
  readonly server: Server
  readonly kubelet: TestKubelet
  readonly ca: Credential
  readonly dir: string
  /** Says that the node's kubelet is there. */
  move(where: { readonly port: number; readonly address?: string }): Promise<void>
}

export async function startNodeCluster(): Promise<NodeCluster> {
  const dir = mkdtempSync(join(tmpdir(), 'k8ts-nodes-'))
  await using undo = new AsyncDisposableStack()
  undo.defer(() => rmSync(dir, { recursive: true }))
  const server = await startTestServer(dir)
  undo.defer(() => server.close())
  const ca = readAuthority(join(dir, 'data'))
  const kubelet = undo.use(await startTestKubelet({ ca, node: 'n1' }))
  const nodes = server.client.resource(Node)
  await nodes.create({ metadata: { name: 'n1' } })
  const move: NodeCluster['move'] = async ({ port, address = '127.0.0.1' }) => {
    const status = {
      addresses: [{ type: 'InternalIP', address }],
      daemonEndpoints: { kubeletEndpoint: { Port: port } },
    }
    await nodes.subresource('status').patch('n1', { type: 'merge', patch: { status } })
  }
  await move(kubelet)
  await server.client
    .resource(ServiceAccount)
    .namespace('default')
    .create({ metadata: { name: 'default' } })
  const pods = server.client.resource(Pod).namespace('default')
  await pods.create({
    metadata: { name: 'web' },
    spec: { nodeName: 'n1', containers: [{ name: 'main', image: 'example' }] },
  })
  const status = { phase: 'Running', podIP: '10.42.0.7', podIPs: [{ ip: '10.42.0.7' }] }
  await pods.subresource('status').patch('web', { type: 'merge', patch: { status } })
  const all = undo.move()
  return { server, kubelet, ca, dir, move, [Symbol.asyncDispose]: () => all.disposeAsync() }
}
