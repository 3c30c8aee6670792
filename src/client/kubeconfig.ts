import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, resolve } from 'node:path'
import { asError } from '#base'
import { readYaml } from '#machinery'
import type { Endpoint } from './https/connection.ts'

/** A kubeconfig that cannot be used; the message names the file and what to do. */
export class KubeconfigError extends Error {
  override readonly name = 'KubeconfigError'
}

/** The files kubectl would read, in its order: the flag, else KUBECONFIG, else ~/.kube/config. */
export function kubeconfigPaths(
  flag: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): readonly [string, ...string[]] {
  if (flag !== undefined && flag !== '') return [flag]
  const [first, ...rest] = (env['KUBECONFIG'] ?? '').split(':').filter((path) => path !== '')
  if (first !== undefined) return [first, ...rest]
  return [resolve(env['HOME'] ?? homedir(), '.kube', 'config')]
}

export interface KubeconfigContext {
  readonly name: string
  readonly namespace: string | undefined
  readonly endpoint: Endpoint
}

/**
 * Where the current context, or the one named, leads to. Files are merged as kubectl does: the
 * first one that names a thing counts, and a file that is not there is as good as empty. Paths in a
 * file are relative to it. Tokens in files are read again with each use.
 *
 * Not offered: exec and auth-provider plugins, proxies, basic authentication.
 */
export function loadKubeconfig(paths: readonly string[], name?: string): KubeconfigContext {
  const files = paths.map(readKubeconfig)
  const chosen = name ?? files.map((file) => text(file.value['current-context'])).find(Boolean)
  if (chosen === undefined) throw new KubeconfigError(`no current context in ${paths.join(', ')}`)
  const context = find(files, 'contexts', chosen, 'context')
  if (context === undefined)
    throw new KubeconfigError(`no context "${chosen}" in ${paths.join(', ')}`)
  const cluster = find(files, 'clusters', text(context.value['cluster']) ?? '', 'cluster')
  if (cluster === undefined) throw new KubeconfigError(`context "${chosen}" names no known cluster`)
  const user = find(files, 'users', text(context.value['user']) ?? '', 'user')
  const server = text(cluster.value['server'])
  if (server === undefined) throw new KubeconfigError(`context "${chosen}" has no server`)
  return {
    name: chosen,
    namespace: text(context.value['namespace']),
    endpoint: {
      server,
      ca: pem(cluster, 'certificate-authority'),
      tlsServerName: text(cluster.value['tls-server-name']),
      insecure: cluster.value['insecure-skip-tls-verify'] === true,
      certificate: user && pem(user, 'client-certificate'),
      key: user && pem(user, 'client-key'),
      token: user && tokenOf(user),
    },
  }
}

type Fields = Readonly<Record<string, unknown>>

interface Located {
  readonly path: string
  readonly value: Fields
}

function readKubeconfig(path: string): Located {
  const content = readIfThere(path)
  if (content === undefined || content.trim() === '') return { path, value: {} }
  let value: unknown
  try {
    value = readYaml(content).value
  } catch (error) {
    throw new KubeconfigError(`${path} is no kubeconfig: ${asError(error).message}`, {
      cause: error,
    })
  }
  if (!isRecord(value)) throw new KubeconfigError(`${path} is no kubeconfig`)
  return { path, value }
}

/** Undefined where no file is. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    const why = asError(error).message
    throw new KubeconfigError(`kubeconfig ${path} cannot be read: ${why}`, { cause: error })
  }
}

function find(
  files: readonly Located[],
  list: string,
  name: string,
  field: string,
): Located | undefined {
  for (const { path, value } of files) {
    const entries: unknown = value[list]
    if (!Array.isArray(entries)) continue
    for (const entry of entries as unknown[]) {
      if (!isRecord(entry) || entry['name'] !== name) continue
      const found = entry[field]
      return { path, value: isRecord(found) ? found : {} }
    }
  }
  return undefined
}

/** Inline data stands above a file. */
function pem({ path, value }: Located, field: string): string | undefined {
  const data = text(value[`${field}-data`])
  if (data !== undefined) return Buffer.from(data, 'base64').toString()
  const file = text(value[field])
  return file === undefined ? undefined : mustRead(resolve(dirname(path), file))
}

function tokenOf({ path, value }: Located): (() => string) | undefined {
  const file = text(value['tokenFile'])
  if (file !== undefined) {
    const absolute = resolve(dirname(path), file)
    return () => mustRead(absolute).trim()
  }
  const token = text(value['token'])
  return token === undefined ? undefined : () => token
}

function mustRead(path: string): string {
  const content = readIfThere(path)
  if (content === undefined) throw new KubeconfigError(`${path} is not there`)
  return content
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
