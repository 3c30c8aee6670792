import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname, resolve } from 'node:path'
import { asError, type Clock } from '#base'
import type { Document } from 'yaml'
import { KubeconfigError, readIfThere } from './kubeconfig.ts'

/** One context with a cluster and a user of its own, all of one name. */
export interface ContextEntry {
  readonly name: string
  readonly server: string
  /** PEM. */
  readonly ca: string
  readonly certificate: string
  readonly key: string
}

/** A kubeconfig that holds this one context and nothing else. */
export async function standaloneKubeconfig(entry: ContextEntry): Promise<string> {
  const { parseDocument } = await import('yaml')
  const document: Document = parseDocument(emptyConfig)
  putContext(document, entry)
  document.set('current-context', entry.name)
  return document.toString(layout)
}

/**
 * Puts a context into the user's kubeconfig and leaves everything else as it is, comments included.
 * It becomes the current one only where there is none. As kubectl does, it goes to the file that
 * has it already, else to the first that exists. Returns the path written.
 */
export async function mergeContext(
  paths: readonly [string, ...string[]],
  entry: ContextEntry,
  clock: Clock,
): Promise<string> {
  const path = await homeOf(paths, entry.name)
  const elsewhere = await otherCurrentContext(paths, path)
  await change(path, clock, (document) => {
    putContext(document, entry)
    const current: unknown = document.get('current-context')
    const none = current === undefined || current === null || current === ''
    if (none && !elsewhere) document.set('current-context', entry.name)
    return true
  })
  return path
}

/**
 * Takes a context out again, with its cluster and user, where it still leads to `server`. A file
 * in which nothing is left goes, too. True when there was something to take out.
 */
export async function removeContext(
  paths: readonly [string, ...string[]],
  { name, server }: Pick<ContextEntry, 'name' | 'server'>,
  clock: Clock,
): Promise<boolean> {
  let removed = false
  for (const path of paths) {
    if (readIfThere(path) === undefined) continue
    await change(path, clock, (document) => {
      const cluster = find(document, 'clusters', name)
      if (cluster === -1 || document.getIn(['clusters', cluster, 'cluster', 'server']) !== server) {
        return false
      }
      for (const list of lists) {
        const at = find(document, list, name)
        if (at !== -1) document.deleteIn([list, at])
      }
      if (document.get('current-context') === name) document.set('current-context', '')
      removed = true
      return true
    })
  }
  return removed
}

/** Which context was the current one, and the file that says which one is. */
export interface FormerContext {
  readonly file: string
  /** '' where none was. */
  readonly name: string
}

/** Makes a context that the files have the current one, as `kubectl config use-context` does. */
export async function useContext(
  paths: readonly [string, ...string[]],
  name: string,
  clock: Clock,
): Promise<FormerContext> {
  let file = await homeOf(paths, name)
  for (const path of paths) {
    if ((await currentContext(path)) === '') continue
    file = path
    break
  }
  let former = ''
  await change(file, clock, (document) => {
    former = textOf(document.get('current-context'))
    document.set('current-context', name)
    return former !== name
  })
  return { file, name: former }
}

/** Undoes `useContext`, unless another context has been chosen meanwhile. */
export async function restoreContext(
  former: FormerContext,
  name: string,
  clock: Clock,
): Promise<void> {
  if (readIfThere(former.file) === undefined) return
  await change(former.file, clock, (document) => {
    const current = textOf(document.get('current-context'))
    if (current !== name && current !== '') return false
    document.set('current-context', former.name)
    return true
  })
}

async function currentContext(path: string): Promise<string> {
  const content = readIfThere(path)
  return content === undefined ? '' : textOf((await parse(path, content)).get('current-context'))
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

const lists = ['clusters', 'contexts', 'users'] as const
const emptyConfig = 'apiVersion: v1\nkind: Config\n'
const layout = { lineWidth: 0, indentSeq: false }

function putContext(document: Document, entry: ContextEntry): void {
  const { name } = entry
  const base64 = (pem: string) => Buffer.from(pem).toString('base64')
  if (!document.has('apiVersion')) document.set('apiVersion', 'v1')
  if (!document.has('kind')) document.set('kind', 'Config')
  put(document, 'clusters', {
    name,
    cluster: { 'certificate-authority-data': base64(entry.ca), server: entry.server },
  })
  put(document, 'contexts', { name, context: { cluster: name, user: name } })
  put(document, 'users', {
    name,
    user: {
      'client-certificate-data': base64(entry.certificate),
      'client-key-data': base64(entry.key),
    },
  })
}

function put(
  document: Document,
  list: string,
  entry: { readonly name: string } & Readonly<Record<string, unknown>>,
): void {
  const node = document.createNode(entry)
  const at = find(document, list, entry.name)
  if (at !== -1) document.setIn([list, at], node)
  else if (count(document, list) > 0) document.addIn([list], node)
  else document.set(list, document.createNode([entry]))
}

function count(document: Document, list: string): number {
  const entries = document.toJS()?.[list]
  return Array.isArray(entries) ? entries.length : 0
}

function find(document: Document, list: string, name: string): number {
  const entries: unknown = document.toJS()?.[list]
  if (!Array.isArray(entries)) return -1
  return entries.findIndex((entry) => entry?.name === name)
}

async function homeOf(paths: readonly [string, ...string[]], name: string): Promise<string> {
  for (const path of paths) {
    const content = readIfThere(path)
    if (content !== undefined && find(await parse(path, content), 'contexts', name) !== -1) {
      return path
    }
  }
  const present = paths.find((path) => readIfThere(path) !== undefined)
  return present ?? paths.at(-1) ?? paths[0]
}

async function otherCurrentContext(paths: readonly string[], except: string): Promise<boolean> {
  for (const path of paths) {
    if (path !== except && (await currentContext(path)) !== '') return true
  }
  return false
}

async function parse(path: string, content: string): Promise<Document> {
  const { parseDocument, isMap } = await import('yaml')
  const document: Document = parseDocument(content.trim() === '' ? emptyConfig : content)
  const [error] = document.errors
  if (error !== undefined) {
    throw new KubeconfigError(`${path} is no kubeconfig: ${error.message.split('\n')[0]}`)
  }
  if (document.contents !== null && !isMap(document.contents)) {
    throw new KubeconfigError(`${path} is no kubeconfig`)
  }
  return document
}

/**
 * Changes a file under kubectl's lock (`<file>.lock`), by putting a new file in its place, so that
 * nobody ever sees half of it. `edit` says whether there is anything to write.
 */
async function change(
  path: string,
  clock: Clock,
  edit: (document: Document) => boolean,
): Promise<void> {
  try {
    mkdirSync(dirname(resolve(path)), { recursive: true, mode: 0o750 })
  } catch (error) {
    throw unwritable(path, error)
  }
  const unlock = await lock(path, clock)
  try {
    const target = realPath(path)
    const document = await parse(path, readIfThere(target) ?? '')
    if (!edit(document)) return
    if (isEmpty(document)) rmSync(target, { force: true })
    else replace(target, document.toString(layout))
  } catch (error) {
    throw error instanceof KubeconfigError ? error : unwritable(path, error)
  } finally {
    unlock()
  }
}

/** Nothing but the frame is left, and no comments either. */
function isEmpty(document: Document): boolean {
  if (lists.some((list) => count(document, list) > 0)) return false
  if (document.commentBefore || document.comment) return false
  const known = new Set<string>([...lists, 'apiVersion', 'kind', 'current-context', 'preferences'])
  return Object.keys(document.toJS() ?? {}).every((key) => known.has(key))
}

function replace(path: string, content: string): void {
  const present = statSync(path, { throwIfNoEntry: false })
  const beside = `${path}.k8ts-${process.pid}`
  try {
    const file = openSync(beside, 'wx', present === undefined ? 0o600 : present.mode & 0o777)
    try {
      writeSync(file, content)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(beside, path)
  } catch (error) {
    rmSync(beside, { force: true })
    throw error
  }
}

/** Through symbolic links, so that a link stays one. */
function realPath(path: string): string {
  return readIfThere(path) === undefined ? path : realpathSync(path)
}

const lockTries = 40
const lockRetryMs = 50

async function lock(path: string, clock: Clock): Promise<() => void> {
  const file = `${path}.lock`
  for (let tries = 1; ; tries++) {
    try {
      closeSync(openSync(file, 'wx', 0o600))
      return () => rmSync(file, { force: true })
    } catch (error) {
      const taken = error instanceof Error && 'code' in error && error.code === 'EEXIST'
      if (!taken) throw unwritable(path, error)
      if (tries === lockTries) {
        throw new KubeconfigError(
          `${path} is locked by another program: if none is running, remove ${file}`,
          { cause: error },
        )
      }
      await clock.sleep(lockRetryMs)
    }
  }
}

function unwritable(path: string, cause: unknown): KubeconfigError {
  return new KubeconfigError(`kubeconfig ${path} cannot be written: ${asError(cause).message}`, {
    cause,
  })
}
