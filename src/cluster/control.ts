import { rmSync, openSync, closeSync, chmodSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { basename, dirname } from 'node:path'
import { asError } from '#base'
import { saveSnapshot, type SnapshotStatus, type Store } from '#store'
import { ClusterError } from './error.ts'

/**
 * Commands for a running server that are no part of Kubernetes' API: HTTP over a socket in the
 * data directory, so that the file system says who may give them. There is one: a snapshot.
 */
export interface ControlServer {
  close(): Promise<void>
}

export async function serveControl(socketPath: string, store: Store): Promise<ControlServer> {
  rmSync(socketPath, { force: true })
  const server = createServer((message, response) => {
    const url = new URL(message.url ?? '/', 'http://control')
    const file = url.searchParams.get('file')
    if (message.method !== 'POST' || url.pathname !== '/snapshot' || file === null) {
      response.writeHead(404).end()
      return
    }
    saveSnapshot(store, file).then(
      (status) => response.writeHead(200).end(JSON.stringify(status)),
      (error: unknown) => response.writeHead(500).end(asError(error).message),
    )
  })
  const short = shortPath(socketPath)
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(short.path, resolve)
    })
  } finally {
    short.release()
  }
  chmodSync(socketPath, 0o600)
  server.unref()
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          rmSync(socketPath, { force: true })
          resolve()
        })
        server.closeAllConnections()
      }),
  }
}

/** Asks the server behind the socket to write a snapshot. */
export function requestSnapshot(socketPath: string, file: string): Promise<SnapshotStatus> {
  const short = shortPath(socketPath)
  return new Promise<SnapshotStatus>((resolve, reject) => {
    const call = request({
      socketPath: short.path,
      method: 'POST',
      path: `/snapshot?file=${encodeURIComponent(file)}`,
    })
    call.on('error', (cause) =>
      reject(new ClusterError(`the server does not answer: ${cause.message}`, { cause })),
    )
    call.on('response', (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', () => {
        const text = Buffer.concat(parts).toString()
        if (response.statusCode === 200) resolve(JSON.parse(text) as SnapshotStatus)
        else reject(new ClusterError(text))
      })
    })
    call.end()
  }).finally(() => short.release())
}

/** A socket's path has at most 107 bytes (unix(7)); through its directory's descriptor any fits. */
function shortPath(path: string): { path: string; release(): void } {
  const directory = openSync(dirname(path), 'r')
  return {
    path: `/proc/self/fd/${directory}/${basename(path)}`,
    release: () => closeSync(directory),
  }
}
