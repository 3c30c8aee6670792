import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { must, realClock } from '#base'

export interface EtcdProcess {
  readonly endpoint: string
  /** Kills it and starts it again on its data. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** Paths of certificates; clients must then show one of their own. */
export interface EtcdCertificates {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** Starts the etcd of the system on two free ports of the loopback, with its data in `parent`. */
export async function startEtcd(
  parent = tmpdir(),
  certificates?: EtcdCertificates,
): Promise<EtcdProcess> {
  const dir = mkdtempSync(join(parent, 'k8ts-etcd-'))
  const [client, peer] = [await freePort(), await freePort()]
  const endpoint = `${certificates === undefined ? 'http' : 'https'}://127.0.0.1:${client}`
  const peers = `http://127.0.0.1:${peer}`
  const flags = {
    name: 'one',
    'data-dir': dir,
    'listen-client-urls': endpoint,
    'advertise-client-urls': endpoint,
    'listen-peer-urls': peers,
    'initial-advertise-peer-urls': peers,
    'initial-cluster': `one=${peers}`,
    'log-level': 'error',
    ...(certificates === undefined
      ? {}
      : {
          'client-cert-auth': 'true',
          'trusted-ca-file': certificates.ca,
          'cert-file': certificates.cert,
          'key-file': certificates.key,
        }),
  }
  const start = () => {
    const child = spawn(
      'etcd',
      Object.entries(flags).map(([name, value]) => `--${name}=${value}`),
      { stdio: 'ignore', env: { ...process.env, ETCD_UNSUPPORTED_ARCH: process.arch } },
    )
    const ended = new Promise<void>((resolve, reject) => {
      child.once('exit', () => resolve())
      child.once('error', reject)
    })
    return async () => {
      child.kill('SIGKILL')
      await ended
    }
  }
  let kill = start()
  await listening(client)
  return {
    endpoint,
    async restart() {
      await kill()
      kill = start()
    },
    async stop() {
      await kill()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** Waits until somebody takes connections, at most 20 seconds. */
async function listening(port: number): Promise<void> {
  const giveUpAt = realClock.elapsed() + 20_000
  while (!(await takesConnections(port))) {
    if (realClock.elapsed() > giveUpAt) throw new Error('etcd did not start within 20 seconds')
    await realClock.sleep(20)
  }
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = must(server.address(), 'a listening server has an address')
      server.close(() => resolve(typeof address === 'string' ? 0 : address.port))
    })
  })
}
