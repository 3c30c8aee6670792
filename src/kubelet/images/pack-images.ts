import { lstat, readdir, readFile, readlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { asError } from '#base'
import { readYaml } from '#machinery'
import type { Exec } from '#linux'
import { KubeletError } from '../error.ts'
import { wholeImageName } from './image-name.ts'
import { busyboxImage } from './images.ts'
import type { Architecture } from './pause-elf.ts'
import type { TarEntry } from './tar.ts'

export interface PackOptions {
  readonly architecture: Architecture
  readonly exec: Exec
}

export interface PackedImage {
  readonly name: string
  /** An OCI archive, for `importImages`. */
  readonly archive: Buffer
}

export interface ImageToPack {
  /** Whole, such as docker.io/k8ts/shop-front:1. */
  readonly name: string
  /** What is in them becomes the root of the image, over the machine's static busybox. */
  readonly directories: readonly string[]
  readonly command: readonly string[]
  /** Such as VERSION=1. */
  readonly env?: readonly string[]
}

/**
 * Packs the images that a YAML file lists: each with `name`, `directories` (from where the file is),
 * `command` and, where there is something to tell apart, `env`. Throws a KubeletError,
 * InvalidImage, that names the file and what is wrong in it.
 */
export async function packImages(
  file: string,
  options: PackOptions,
): Promise<readonly PackedImage[]> {
  const images: PackedImage[] = []
  for (const image of await readDefinitions(file)) images.push(await packImage(image, options))
  return images
}

/** Files that begin with `#!` can be executed; no other property of a file matters. */
export async function packImage(
  { name, directories, command, env }: ImageToPack,
  { architecture, exec }: PackOptions,
): Promise<PackedImage> {
  const files = new Map<string, TarEntry>()
  for (const directory of directories) {
    for (const entry of await entriesBelow(directory, '')) files.set(entry.name, entry)
  }
  const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
  const archive = await busyboxImage({
    name,
    architecture,
    exec,
    files: [...files.values()],
    command,
    env: [path, ...(env ?? [])],
  })
  return { name, archive }
}

async function readDefinitions(file: string): Promise<readonly ImageToPack[]> {
  const wrong = (why: string, cause?: unknown) =>
    new KubeletError('InvalidImage', `${file}: ${why}`, { cause })
  let read: unknown
  try {
    read = readYaml(await readFile(file, 'utf8')).value
  } catch (cause) {
    throw wrong(asError(cause).message, cause)
  }
  if (!Array.isArray(read)) throw wrong('it is no list of images')
  return read.map((entry: unknown, i) => {
    const at = `[${i}]`
    const fields: Readonly<Record<string, unknown>> =
      typeof entry === 'object' && entry !== null ? Object.fromEntries(Object.entries(entry)) : {}
    const { name, directories, command, env = [], ...others } = fields
    const [unknown] = Object.keys(others)
    if (unknown !== undefined) throw wrong(`${at}.${unknown}: there is no such field`)
    if (typeof name !== 'string' || wholeImageName(name) !== name) {
      throw wrong(`${at}.name: must be a whole name, such as docker.io/library/app:1`)
    }
    if (!isTexts(directories)) throw wrong(`${at}.directories: must be paths`)
    if (!isTexts(command) || command.length === 0) {
      throw wrong(`${at}.command: must be a program and its arguments`)
    }
    if (!isTexts(env) || !env.every((each) => /^[^=]+=/.test(each))) {
      throw wrong(`${at}.env: must be texts such as NAME=value`)
    }
    const paths = directories.map((directory) => join(dirname(file), directory))
    return { name, directories: paths, command, env }
  })
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

/** In the order of names, so that the same files make the same image. */
async function entriesBelow(directory: string, prefix: string): Promise<TarEntry[]> {
  const entries: TarEntry[] = []
  for (const item of (await readdir(directory)).sort()) {
    const path = join(directory, item)
    const name = `${prefix}${item}`
    if (Buffer.byteLength(name) > nameBytesMax) {
      throw new KubeletError('InvalidImage', `${path}: its name in the image is too long`)
    }
    const found = await lstat(path)
    if (found.isDirectory()) {
      entries.push({ name: `${name}/` }, ...(await entriesBelow(path, `${name}/`)))
    } else if (found.isSymbolicLink()) entries.push({ name, linkTo: await readlink(path) })
    else if (found.isFile()) entries.push(fileEntry(name, await readFile(path)))
    else throw new KubeletError('InvalidImage', `${path}: it is no file, directory or link`)
  }
  return entries
}

/** With the slash of a directory, what a tar header has room for. */
const nameBytesMax = 99

function fileEntry(name: string, content: Buffer): TarEntry {
  const isProgram = content.toString('latin1', 0, 2) === '#!'
  return { name, content, mode: isProgram ? 0o755 : 0o644 }
}
