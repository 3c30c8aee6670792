import {
  chmod,
  chown,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import { formatTime, type Clock, type Random } from '#base'

/** A file of a volume that is made from API objects. */
export interface PayloadFile {
  readonly content: Uint8Array
  readonly mode: number
  /** The owner, where it is not the kubelet's own user. */
  readonly uid?: number
}

/** By path within the volume. */
export type Payload = ReadonlyMap<string, PayloadFile>

const current = '..data'

/**
 * Writes all files of a volume at once: readers see the old ones or the new ones, never some of
 * each. The files are in a directory with the time in its name, `..data` is a link to it, what
 * users see are links through that, and an update is one rename of `..data`. Whether anything
 * was changed.
 */
export async function writeAtomically(
  directory: string,
  payload: Payload,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): Promise<boolean> {
  const before = await readlink(join(directory, current)).catch(() => undefined)
  if (before !== undefined && (await isSame(join(directory, before), payload))) return false
  const name = timestampName(clock, random)
  const made = join(directory, name)
  await mkdir(made, { mode: 0o755 })
  for (const [path, { content, mode, uid }] of payload) {
    const file = join(made, checked(path))
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, content)
    // Past the process' umask.
    await chmod(file, mode)
    if (uid !== undefined) await chown(file, uid, -1)
  }
  const next = join(directory, '..data_tmp')
  await rm(next, { force: true })
  await symlink(name, next)
  await rename(next, join(directory, current))
  await linkVisible(directory, payload)
  if (before !== undefined) await rm(join(directory, before), { recursive: true, force: true })
  return true
}

/** The first parts of the paths are links; those of files that are no longer there go. */
async function linkVisible(directory: string, payload: Payload): Promise<void> {
  const wanted = new Set([...payload.keys()].map((path) => path.split('/')[0] ?? ''))
  const present = (await readdir(directory, { withFileTypes: true }))
    // What else is there, such as a directory made for a subPath, is not of this payload.
    .filter((entry) => entry.isSymbolicLink() && !entry.name.startsWith('..'))
    .map(({ name }) => name)
  for (const name of present) if (!wanted.has(name)) await rm(join(directory, name))
  for (const name of wanted) {
    if (!present.includes(name)) await symlink(join(current, name), join(directory, name))
  }
}

async function isSame(directory: string, payload: Payload): Promise<boolean> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => [])
  const files = entries.filter((entry) => entry.isFile())
  if (files.length !== payload.size) return false
  for (const [path, { content }] of payload) {
    const present = await readFile(join(directory, path)).catch(() => undefined)
    if (present === undefined || !present.equals(content)) return false
  }
  return true
}

/** Validation forbids such paths; a volume is the last place to find out that it did not. */
function checked(path: string): string {
  const plain = normalize(path)
  if (plain.startsWith('/') || plain.startsWith('..')) throw new Error(`invalid path: ${path}`)
  return plain
}

function timestampName(clock: Clock, random: Random): string {
  const time = formatTime(clock.now()).slice(0, 19).replace(/[-T:]/g, '_')
  return `..${time}.${random.integer(1_000_000_000)}`
}
