import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { must } from '#base'

export interface EtcdProcess {
  readonly endpoint: string
  /** Kills it and starts it again on its data. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** Starts the etcd of the system on two free ports of the loopback, with its data in `parent`. */
export async function startEtcd(parent = tmpdir()): Promise<EtcdProcess> {
  const dir = mkdtempSync(join(parent, 'k8ts-etcd-'))
  const [client, peer] = [await freePort(), await freePort()]
  const endpoint = `http://127.0.0.1:${client}`
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
