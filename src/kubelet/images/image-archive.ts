import type { Architecture } from './pause-elf.ts'
import { wholeImageName } from './image-name.ts'
import { invalid, readTar } from './tar-reader.ts'

export interface ArchivedImage {
  /** As the archive has it, which is how it is imported. */
  readonly written: string
  /** As container runtimes look for it. */
  readonly name: string
}

/** Larger members are layers. */
const documentBytesMax = 1024 * 1024
const documentsBytesMax = 64 * 1024 * 1024

/**
 * The images of an OCI or docker archive (what `docker save` and `skopeo copy` write), looked
 * through from its first to its last byte. Throws a KubeletError, InvalidImage, where it is no such
 * archive, is not whole, or has an image without a name or for another architecture only.
 */
export async function readImageArchive(
  source: AsyncIterable<Uint8Array>,
  architecture: Architecture,
): Promise<readonly ArchivedImage[]> {
  const archive = await readMembers(source)
  const images = archive.members.has('oci-layout') ? ociImages(archive) : dockerImages(archive)
  if (images.length === 0) throw invalid('it holds no image')
  for (const { written, manifests } of images) {
    const all = manifests.map((manifest) => ({ manifest, platform: platformOf(archive, manifest) }))
    const own = all.find(({ platform }) => platform === `linux/${architecture}`)
    if (own === undefined) {
      const others = all.map(({ platform }) => platform).join(', ')
      throw invalid(`${written} is for ${others}, and this machine is linux/${architecture}`)
    }
    for (const member of own.manifest.members) {
      if (!archive.members.has(member)) throw invalid(`it is not whole: ${member} is missing`)
    }
  }
  return images.map(({ written, name }) => ({ written, name }))
}

interface Archive {
  readonly members: ReadonlySet<string>
  /** Small members that may be JSON, by name. */
  readonly documents: ReadonlyMap<string, Buffer>
}

/** An image for one platform: where its configuration is, and all that it needs. */
interface Manifest {
  readonly platform: string | undefined
  readonly config: string
  readonly members: readonly string[]
}

interface Found extends ArchivedImage {
  readonly manifests: readonly Manifest[]
}

async function readMembers(source: AsyncIterable<Uint8Array>): Promise<Archive> {
  const members = new Set<string>()
  const documents = new Map<string, Buffer>()
  let bytes = 0
  const isSmall = (_: string, sizeBytes: number) => sizeBytes <= documentBytesMax
  for await (const { name, content } of readTar(source, isSmall)) {
    members.add(name)
    if (content === undefined || !/^\s*[[{]/.test(content.toString('latin1', 0, 16))) continue
    bytes += content.length
    if (bytes > documentsBytesMax) throw invalid('it holds too many documents')
    documents.set(name, content)
  }
  if (!members.has('index.json') && !members.has('manifest.json')) {
    throw invalid('it is a tar archive, but neither an OCI nor a docker image is in it')
  }
  return { members, documents }
}

function ociImages(archive: Archive): Found[] {
  return objectsIn(objectOf(archive, 'index.json')['manifests']).map((descriptor) => {
    const annotations = asObject(descriptor['annotations'])
    const written =
      textOf(annotations['io.containerd.image.name']) ??
      textOf(annotations['org.opencontainers.image.ref.name'])
    return { ...named(written), manifests: manifestsOf(archive, descriptor) }
  })
}

/** Those of an index are listed where they are in the archive, as not all need to be. */
function manifestsOf(archive: Archive, descriptor: JsonObject): Manifest[] {
  const member = blobOf(descriptor)
  const content = objectOf(archive, member)
  if (content['config'] === undefined) {
    const parts = objectsIn(content['manifests']).filter((part) =>
      archive.members.has(blobOf(part)),
    )
    return parts.flatMap((part) => manifestsOf(archive, part))
  }
  const config = blobOf(asObject(content['config']))
  const layers = objectsIn(content['layers']).map(blobOf)
  const platform = asObject(descriptor['platform'])
  const [os, architecture] = [textOf(platform['os']), textOf(platform['architecture'])]
  return [
    {
      platform:
        os === undefined || architecture === undefined ? undefined : `${os}/${architecture}`,
      config,
      members: [config, ...layers],
    },
  ]
}

function dockerImages(archive: Archive): Found[] {
  return objectsIn(documentOf(archive, 'manifest.json')).flatMap((entry) => {
    const config = textOf(entry['Config']) ?? ''
    const layers = listOf(entry['Layers']).map((layer) => textOf(layer) ?? '')
    const manifests = [{ platform: undefined, config, members: [config, ...layers] }]
    const tags = listOf(entry['RepoTags']).map(textOf)
    // What containerd imports is what the tag is a short form of.
    return (tags.length === 0 ? [undefined] : tags).map((tag) => {
      const { name } = named(tag)
      return { written: name, name, manifests }
    })
  })
}

function named(written: string | undefined): ArchivedImage {
  if (written === undefined)
    throw invalid('an image in it has no name, such as docker.io/library/app:1')
  // A tag alone is what some write for a name.
  const name = /[/:@]/.test(written) ? wholeImageName(written) : undefined
  if (name !== undefined) return { written, name }
  throw invalid(
    `an image in it is named ${written}, which is no whole name such as docker.io/library/app:1`,
  )
}

function platformOf(archive: Archive, manifest: Manifest): string {
  if (manifest.platform !== undefined) return manifest.platform
  const { os, architecture } = objectOf(archive, manifest.config)
  return `${textOf(os) ?? 'linux'}/${textOf(architecture) ?? 'unknown'}`
}

type JsonObject = Readonly<Record<string, unknown>>

function blobOf(descriptor: JsonObject): string {
  return `blobs/${(textOf(descriptor['digest']) ?? '').replace(':', '/')}`
}

function objectOf(archive: Archive, member: string): JsonObject {
  return asObject(documentOf(archive, member))
}

function documentOf({ documents }: Archive, member: string): unknown {
  const content = documents.get(member)
  if (content === undefined) throw invalid(`it is not whole: ${member} is missing`)
  try {
    return JSON.parse(content.toString('utf8'))
  } catch {
    throw invalid(`${member} in it is no JSON`)
  }
}

function asObject(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : {}
}

function objectsIn(value: unknown): JsonObject[] {
  return listOf(value).map(asObject)
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
