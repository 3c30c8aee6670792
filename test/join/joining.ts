import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Node } from '#api'
import { realClock, realRandom, silentLog, type Clock } from '#base'
import { Client, loadKubeconfig } from '#client'
import {
  caPin,
  createBootstrapToken,
  formatJoinToken,
  type JoinOptions,
  type NodeCredentials,
  type Server,
} from '#cluster'
import { startTestServer } from '../server.ts'

/** A server with all that lets nodes in, and what machines need to join it. */
export interface JoinableServer extends AsyncDisposable {
  readonly dir: string
  readonly server: Server
  /** PEM. */
  readonly ca: string
  token(ttlMs?: number): Promise<string>
  options(nodeName: string, more?: Partial<JoinOptions>): JoinOptions
  /** Acts as the node that has joined. */
  clientOf(joined: NodeCredentials): Client
}

export async function startJoinable(clock: Clock = realClock): Promise<JoinableServer> {
  const services = { clock, random: realRandom, log: silentLog }
  const dir = mkdtempSync(join(tmpdir(), 'k8ts-join-'))
  const server = await startTestServer(dir, { apiOnly: false, ...services })
  const { ca = '' } = loadKubeconfig([join(dir, 'data', 'admin.kubeconfig')]).endpoint
  return {
    dir,
    server,
    ca,
    async token(ttlMs = 3_600_000) {
      const made = await createBootstrapToken(server.client, { ttlMs }, services)
      return formatJoinToken({ ...made, caPin: caPin(ca) })
    },
    options(nodeName, more = {}) {
      const { signal } = new AbortController()
      const directory = join(dir, nodeName)
      return {
        ...services,
        server: server.url,
        token: undefined,
        nodeName,
        directory,
        signal,
        ...more,
      }
    },
    clientOf: ({ transport }) => new Client(transport, clock),
    async [Symbol.asyncDispose]() {
      await server.close()
      rmSync(dir, { recursive: true })
    },
  }
}

/** What a kubelet says of itself when it starts. */
export async function register(client: Client, name: string, ip: string): Promise<void> {
  const addresses = [
    { type: 'InternalIP', address: ip },
    { type: 'Hostname', address: name },
  ]
  const nodes = client.resource(Node)
  await nodes.create({ metadata: { name } })
  const conditions = [{ type: 'Ready', status: 'True' }]
  const patch = { status: { addresses, conditions } }
  await nodes.subresource('status').patch(name, { type: 'merge', patch })
}
