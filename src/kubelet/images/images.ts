import { readFile } from 'node:fs/promises'
import type { Exec } from '#linux'
import { ociArchive } from './oci-archive.ts'
import { pauseProgram, type Architecture } from './pause-elf.ts'
import type { TarEntry } from './tar.ts'

/** Upstream's name, at the version that 1.36 uses; the program in it is ours. */
export const pauseImageName = 'registry.k8s.io/pause:3.10.1'

/** The image of the sandbox container. */
export function pauseImage(architecture: Architecture): Buffer {
  return ociArchive({
    name: pauseImageName,
    architecture,
    files: [{ name: 'pause', content: pauseProgram(architecture), mode: 0o755 }],
    entrypoint: ['/pause'],
    user: '65535:65535',
  })
}

export interface BusyboxImageOptions {
  readonly name: string
  readonly architecture: Architecture
  readonly exec: Exec
  /** Beside busybox itself. */
  readonly files?: readonly TarEntry[]
  readonly command?: readonly string[]
  readonly env?: readonly string[]
}

/** An image for examples and tests: the machine's static busybox under all its names. */
export async function busyboxImage(options: BusyboxImageOptions): Promise<Buffer> {
  const { name, architecture, exec, files = [], command = ['sh'], env } = options
  const { stdout } = await exec.run('busybox', ['--list'])
  const applets = stdout.split('\n').filter((applet) => applet !== '' && applet !== 'busybox')
  return ociArchive({
    name,
    architecture,
    files: [
      { name: 'bin/' },
      { name: 'bin/busybox', content: await readFile(busyboxPath), mode: 0o755 },
      ...applets.map((applet) => ({ name: `bin/${applet}`, linkTo: 'busybox' })),
      { name: 'etc/' },
      { name: 'etc/passwd', content: Buffer.from('root:x:0:0:root:/root:/bin/sh\n') },
      { name: 'etc/group', content: Buffer.from('root:x:0:\n') },
      { name: 'root/' },
      { name: 'tmp/', mode: 0o1777 },
      ...files,
    ],
    command,
    ...(env === undefined ? {} : { env }),
  })
}

const busyboxPath = '/bin/busybox'

export function machineArchitecture(): Architecture {
  return process.arch === 'arm64' ? 'arm64' : 'amd64'
}
