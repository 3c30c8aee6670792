import {
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  realpath,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Container, HostPathVolumeSource, Pod, Volume, VolumeMount } from '#api'
import { asError, type Clock, type Random } from '#base'
import { unmountBelow, type Mounts } from '#linux'
import { parseQuantity } from '#machinery'
import { ConfigError } from '../pods/environment.ts'
import { expand } from '../pods/expansion.ts'
import { uidOf } from '../pods/observed.ts'
import type { PodPaths } from '../pods/pod-paths.ts'
import type { ContainerMount } from '../runtime/config.ts'
import { writeAtomically } from './atomic-writer.ts'
import { payloadOf, VolumeError, type PayloadInput } from './payload.ts'

export interface PodVolumesOptions {
  readonly paths: PodPaths
  readonly mounts: Mounts
  readonly clock: Clock
  readonly random: Random
}

/** Which volume could not be made ready, and why. */
export class MountError extends Error {
  override readonly name = 'MountError'

  constructor(volume: string, cause: unknown) {
    super(`MountVolume.SetUp failed for volume "${volume}" : ${asError(cause).message}`, { cause })
  }
}

/** The volumes of pods on this machine, below the kubelet's root directory. */
export class PodVolumes {
  readonly #options: PodVolumesOptions

  constructor(options: PodVolumesOptions) {
    this.#options = options
  }

  /**
   * Makes all volumes of a pod ready, and brings those made from API objects up to date. Idempotent.
   * Throws a MountError for the first that cannot be.
   */
  async prepare(input: PayloadInput): Promise<void> {
    const { pod } = input
    await mkdir(this.#options.paths.pod(uidOf(pod)), { recursive: true, mode: 0o750 })
    for (const volume of pod.spec.volumes ?? []) {
      try {
        await this.#setUp(input, volume)
      } catch (error) {
        throw new MountError(volume.name, error)
      }
    }
  }

  /** Where a container sees its volumes. */
  async mountsOf(
    pod: Pod,
    container: Container,
    environment: ReadonlyMap<string, string>,
  ): Promise<ContainerMount[]> {
    const mounts: ContainerMount[] = []
    for (const mount of container.volumeMounts ?? []) {
      const volume = pod.spec.volumes?.find(({ name }) => name === mount.name)
      if (volume === undefined) throw new VolumeError(`no volume is named ${mount.name}`)
      const hostPath = await this.#subPath(this.#pathOf(pod, volume), mount, environment)
      mounts.push({
        containerPath: mount.mountPath,
        hostPath,
        readonly: mount.readOnly === true,
        recursiveReadOnly: mount.readOnly === true && mount.recursiveReadOnly === 'Enabled',
        propagation: propagations[mount.mountPropagation ?? 'None'],
      })
    }
    return mounts
  }

  /** Unmounts and removes all that a pod had here. Idempotent. */
  async remove(podUid: string): Promise<void> {
    const directory = this.#options.paths.pod(podUid)
    await unmountBelow(this.#options.mounts, directory)
    await rm(directory, { recursive: true, force: true })
  }

  #pathOf(pod: Pod, volume: Volume): string {
    if (volume.hostPath !== undefined) return volume.hostPath.path
    return this.#options.paths.volume(uidOf(pod), pluginOf(volume), volume.name)
  }

  async #setUp(input: PayloadInput, volume: Volume): Promise<void> {
    const { pod } = input
    if (volume.hostPath !== undefined) return prepareHostPath(volume.hostPath)
    const directory = this.#pathOf(pod, volume)
    const { fsGroup } = pod.spec.securityContext ?? {}
    if (volume.emptyDir !== undefined) {
      const { medium = '', sizeLimit } = volume.emptyDir
      const sizeBytes = sizeLimit === undefined ? undefined : parseQuantity(sizeLimit).toInteger()
      const made = await this.#makeDirectory(directory, medium === 'Memory', sizeBytes)
      if (made) {
        await chmod(directory, 0o777)
        if (fsGroup !== undefined) await giveToGroup(directory, fsGroup)
      }
      return
    }
    const payload = payloadOf(input, volume)
    if (payload === undefined) throw new VolumeError('this sort of volume is not supported')
    const inMemory = volume.secret !== undefined || volume.projected !== undefined
    await this.#makeDirectory(directory, inMemory, undefined)
    const changed = await writeAtomically(directory, payload, this.#options)
    if (changed && fsGroup !== undefined) await giveToGroup(directory, fsGroup)
  }

  /** Whether it was not there before. */
  async #makeDirectory(
    directory: string,
    inMemory: boolean,
    sizeBytes: number | undefined,
  ): Promise<boolean> {
    const made = await mkdir(directory, { recursive: true, mode: 0o755 })
    if (!inMemory) return made !== undefined
    const { mounts } = this.#options
    if ((await mounts.list()).some(({ target }) => target === directory)) return false
    await mounts.mountTmpfs(directory, sizeBytes === undefined ? {} : { sizeBytes })
    return true
  }

  /** A part of a volume, made where it is not there, which must not lead out of the volume. */
  async #subPath(
    volume: string,
    { subPath = '', subPathExpr = '' }: VolumeMount,
    environment: ReadonlyMap<string, string>,
  ): Promise<string> {
    const part = subPathExpr === '' ? subPath : expandedPath(subPathExpr, environment)
    if (part === '') return volume
    if (part.startsWith('/')) {
      throw new ConfigError(`error SubPath \`${part}\` must not be an absolute path`)
    }
    if (part.split('/').includes('..')) {
      throw new ConfigError(`unable to provision SubPath \`${part}\`: must not contain '..'`)
    }
    return madeBelow(volume, part)
  }
}

/** A path has all its variables, or is none. */
function expandedPath(text: string, environment: ReadonlyMap<string, string>): string {
  return expand(text, (name) => {
    const value = environment.get(name)
    if (value === undefined) throw new ConfigError(`missing value for "${name}"`)
    return value
  })
}

/**
 * The path of a part of a volume. Directories that are not there are made, as open as the volume. At
 * no step does it leave the volume, whatever links a container has put there.
 */
async function madeBelow(volume: string, part: string): Promise<string> {
  const root = await realpath(volume)
  const { mode } = await stat(root)
  let path = root
  for (const name of part.split('/').filter((each) => each !== '')) {
    const next = join(path, name)
    if (!(await exists(next))) {
      await mkdir(next)
      await chmod(next, mode & 0o7777)
    }
    path = await realpath(next)
    if (path !== root && !path.startsWith(`${root}/`)) {
      throw new ConfigError(`subPath "${part}" leads out of its volume`)
    }
  }
  return path
}

const propagations = {
  None: 'PROPAGATION_PRIVATE',
  HostToContainer: 'PROPAGATION_HOST_TO_CONTAINER',
  Bidirectional: 'PROPAGATION_BIDIRECTIONAL',
} as const

function pluginOf(volume: Volume): string {
  if (volume.configMap !== undefined) return 'configmap'
  if (volume.secret !== undefined) return 'secret'
  if (volume.downwardAPI !== undefined) return 'downward-api'
  return volume.projected === undefined ? 'empty-dir' : 'projected'
}

async function prepareHostPath({ path, type }: HostPathVolumeSource): Promise<void> {
  switch (type) {
    case '':
      return
    case 'DirectoryOrCreate':
      if (!(await exists(path))) await mkdir(path, { recursive: true, mode: 0o755 })
      break
    case 'FileOrCreate':
      if (!(await exists(path))) {
        await mkdir(dirname(path), { recursive: true })
        await writeFile(path, '', { mode: 0o644 })
      }
      break
    default:
  }
  const found = await stat(path).catch(() => undefined)
  const fits =
    found !== undefined &&
    ((type.startsWith('Directory') && found.isDirectory()) ||
      (type.startsWith('File') && found.isFile()) ||
      (type === 'Socket' && found.isSocket()) ||
      (type === 'CharDevice' && found.isCharacterDevice()) ||
      (type === 'BlockDevice' && found.isBlockDevice()))
  if (!fits) throw new VolumeError(`hostPath type check failed: ${path} is not a ${typeText(type)}`)
}

function typeText(type: string): string {
  if (type.startsWith('Directory')) return 'directory'
  if (type.startsWith('File')) return 'file'
  return (
    { Socket: 'socket', CharDevice: 'character device', BlockDevice: 'block device' }[type] ?? type
  )
}

/** Files are the group's to read, directories keep the group for what is made in them. */
async function giveToGroup(path: string, group: number): Promise<void> {
  const found = await lstat(path)
  if (found.isSymbolicLink()) return
  await chown(path, found.uid, group)
  await chmod(path, (found.mode & 0o7777) | (found.isDirectory() ? 0o2770 : 0o440))
  if (!found.isDirectory()) return
  for (const name of await readdir(path)) await giveToGroup(join(path, name), group)
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
