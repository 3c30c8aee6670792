import { join } from 'node:path'
import { realClock, realRandom, silentLog } from '#base'
import { startServer, type Server, type ServerOptions } from '#cluster'

export type TestServer = Server

/**
 * A server on any free port of loopback, with everything it keeps below `dir`. Only the API: what
 * controllers write would stand between a test and what it looks at.
 */
export function startTestServer(dir: string, more: Partial<ServerOptions> = {}): Promise<Server> {
  return startServer({
    clock: realClock,
    random: realRandom,
    log: silentLog,
    dataDir: join(dir, 'data'),
    bindAddresses: ['127.0.0.1'],
    apiPort: 0,
    store: { type: 'memory' },
    kubeconfig: { path: join(dir, 'kubeconfig'), env: {} },
    serviceCidrs: ['10.43.0.0/16'],
    nodePorts: { from: 30_000, to: 32_767 },
    clusterDomain: 'cluster.local',
    apiOnly: true,
    ...more,
  })
}
