import { open, readdir, realpath } from 'node:fs/promises'
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
  const handle = await open(found, 'r').catch(fail)
  const stats = await handle.stat()
  if (stats.isFile()) {
    const contentType = found.endsWith('.gz') ? 'application/gzip' : 'text/plain; charset=utf-8'
    // To where it ends now: a log goes on growing. The stream closes the file.
    const end = Math.max(0, stats.size - 1)
    const chunks = handle.createReadStream({ start: 0, end })
    return { type: 'stream', contentType, chunks }
  }
  await handle.close()
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

function notFound(): HttpError {
  return new HttpError(404, '404 page not found')
}

function fail(): never {
  throw notFound()
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.codePointAt(0)};`)
}
