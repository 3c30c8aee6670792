import { createHash } from 'node:crypto'
import type { Architecture } from './pause-elf.ts'
import { tar, type TarEntry } from './tar.ts'

export interface ImageDefinition {
  /** With registry and tag, such as docker.io/library/busybox:1.35. */
  readonly name: string
  readonly architecture: Architecture
  readonly files: readonly TarEntry[]
  readonly entrypoint?: readonly string[]
  readonly command?: readonly string[]
  readonly env?: readonly string[]
  /** User and group as numbers, such as 65535:65535. */
  readonly user?: string
}

const mediaTypes = {
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
} as const

/** An OCI image layout of one image with one layer, as a tar archive; the same bytes every time. */
export function ociArchive(image: ImageDefinition): Buffer {
  const blobs: TarEntry[] = []
  const add = (mediaType: string, content: Buffer) => {
    const digest = createHash('sha256').update(content).digest('hex')
    blobs.push({ name: `blobs/sha256/${digest}`, content })
    return { mediaType, digest: `sha256:${digest}`, size: content.length }
  }
  const layer = add(mediaTypes.layer, tar(image.files))
  const config = add(
    mediaTypes.config,
    json({
      architecture: image.architecture,
      os: 'linux',
      config: {
        Entrypoint: image.entrypoint,
        Cmd: image.command,
        Env: image.env ?? ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
        User: image.user,
      },
      rootfs: { type: 'layers', diff_ids: [layer.digest] },
      history: [{ created_by: 'k8ts' }],
    }),
  )
  const manifest = add(
    mediaTypes.manifest,
    json({ schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers: [layer] }),
  )
  const index = {
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: [
      {
        ...manifest,
        platform: { architecture: image.architecture, os: 'linux' },
        annotations: {
          'io.containerd.image.name': image.name,
          'org.opencontainers.image.ref.name': image.name.slice(image.name.lastIndexOf(':') + 1),
        },
      },
    ],
  }
  return tar([
    { name: 'oci-layout', content: json({ imageLayoutVersion: '1.0.0' }) },
    { name: 'index.json', content: json(index) },
    { name: 'blobs/' },
    { name: 'blobs/sha256/' },
    ...blobs,
  ])
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}
