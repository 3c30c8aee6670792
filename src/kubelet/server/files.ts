import { constants, open, readdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { compareUtf8 } from '#base'
import { HttpError, type Reply } from './reply.ts'

/** A file below a directory, or what there is in a directory below it. */
// Differs from Kubernetes: what a link names outside of the directory is not shown.
export async function fileBelow(root: string, path: string, requestPath: string): Promise<Reply> {
  const [top, found] = await Promise.all([
    realpath(root).catch(fail),
    realpath(join(root, path)).catch(fail),
  ])
  if (found !== top && !found.startsWith(`${top}/`)) throw notFound()
  const stats = await stat(found).catch(fail)
  if (stats.isFile()) {
    const contentType = found.endsWith('.gz') ? 'application/gzip' : 'text/plain; charset=utf-8'
    return { type: 'stream', contentType, chunks: contentOf(found, stats.size) }
  }
  if (!stats.isDirectory()) throw notFound()
  if (!requestPath.endsWith('/')) {
    return { type: 'redirect', location: `${requestPath.split('/').at(-1) ?? ''}/` }
  }
  const entries = await readdir(found, { withFileTypes: true })
  const links = entries
    .map((entry) => ({ name: entry.name, end: entry.isDirectory() ? '/' : '' }))
    .sort((a, b) => compareUtf8(a.name, b.name))
    .map(
      ({ name, end }) =>
        `<a href="${encodeURIComponent(name)}${end}">${escapeHtml(name)}${end}</a>\n`,
    )
  const body = `<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n${links.join('')}</pre>\n`
  return { type: 'whole', code: 200, contentType: 'text/html; charset=utf-8', body }
}

/** Opened when it is read, so that an answer nobody sends holds nothing. */
async function* contentOf(path: string, size: number): AsyncGenerator<Uint8Array, void> {
  // What has become something else meanwhile, such as a pipe without a writer, must not be waited for.
  await using file = await open(
    path,
    constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
  )
  // To where it ends now: a log goes on growing.
  const end = Math.max(0, size - 1)
  for await (const chunk of file.createReadStream({ start: 0, end, autoClose: false })) {
    if (chunk instanceof Uint8Array) yield chunk
  }
}

function notFound(): HttpError {
  return new HttpError(404, '404 page not found')
}

function fail(): never {
  throw notFound()
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.codePointAt(0)};`)
}
