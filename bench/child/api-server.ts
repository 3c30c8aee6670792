import { createApiServer, type ApiServer } from '#apiserver'
import { realClock, realRandom, silentLog } from '#base'
import { memoryPki, privateKeyToPem } from '#pki'
import { openStore, type Store } from '#store'

const services = { clock: realClock, random: realRandom, log: silentLog }

export function memoryStore(): Promise<Store> {
  return openStore({ type: 'memory', ...services })
}

export function sqliteStore(dataDir: string): Promise<Store> {
  return openStore({ type: 'sqlite', dataDir, ...services })
}

/** An API server in this process, without transports. */
export function startApiServer(store: Store): Promise<ApiServer> {
  const pki = memoryPki({ ...services, hostName: 'here', serviceIps: ['10.43.0.1'] })
  return createApiServer({
    store,
    ...services,
    clientCa: pki.ca.certificate.pem,
    requestHeaderCa: undefined,
    serviceAccountKey: privateKeyToPem(pki.serviceAccount.privateKey),
    serviceAccountIssuer: 'https://kubernetes.default.svc.cluster.local',
    serviceCidrs: ['10.43.0.0/16'],
    nodePorts: { from: 30_000, to: 32_767 },
    advertise: { address: '192.0.2.1', port: 6443 },
  })
}
