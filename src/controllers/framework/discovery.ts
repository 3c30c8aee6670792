import { builtinResources } from '#api'
import { asError } from '#base'
import type { Client } from '#client'
import {
  formatGroupVersion,
  resource,
  struct,
  type GroupVersion,
  type Resource,
  type Verb,
} from '#machinery'

/** What an API server serves at a moment. */
export interface Discovery {
  /** Every resource in every version, without subresources. */
  readonly resources: readonly DiscoveredResource[]
  /** Group versions whose resources could not be read (an extension server is away), and why. */
  readonly failures: ReadonlyMap<string, Error>
}

export interface DiscoveredResource extends GroupVersion {
  readonly name: string
  readonly kind: string
  readonly namespaced: boolean
  readonly verbs: ReadonlySet<string>
  /** Such as status and scale. */
  readonly subresources: ReadonlySet<string>
  /** The version in which the server would rather be asked for this resource; one of them is. */
  readonly preferred: boolean
}

type Unranked = Omit<DiscoveredResource, 'preferred'>

/** Asks an API server what it serves. Rejects where not even the groups can be read. */
export async function discover(client: Client, signal: AbortSignal): Promise<Discovery> {
  const { versions } = (await client.document('/api', signal)) as CoreVersions
  const { groups } = (await client.document('/apis', signal)) as Groups
  const failures = new Map<string, Error>()
  const resources: DiscoveredResource[] = []
  const read = async (groupVersions: readonly GroupVersion[]) => {
    const found: Unranked[] = []
    for (const groupVersion of groupVersions) {
      try {
        found.push(...(await resourcesOf(client, groupVersion, signal)))
      } catch (error) {
        signal.throwIfAborted()
        failures.set(formatGroupVersion(groupVersion), asError(error))
      }
    }
    resources.push(...withPreference(found))
  }
  await read(versions.map((version) => ({ group: '', version })))
  for (const { name, versions: given, preferredVersion } of groups) {
    const preferred = preferredVersion?.version
    const ordered = given
      .map(({ version }) => ({ group: name, version }))
      .sort((a, b) => Number(b.version === preferred) - Number(a.version === preferred))
    await read(ordered)
  }
  return { resources, failures }
}

/**
 * The description of a discovered kind: the built-in one where there is one, so that it shares
 * informers with everybody else; otherwise one that knows no more than the metadata.
 */
export function resourceOf(discovered: DiscoveredResource): Resource {
  const { group, version, name, kind, namespaced, verbs } = discovered
  const builtin = builtinResources.find(
    (each) =>
      each.name === name &&
      each.faces.some((face) => face.group === group && face.version === version),
  )
  if (builtin !== undefined) return builtin
  return resource({
    name,
    namespaced,
    verbs: knownVerbs.filter((verb) => verbs.has(verb)),
    faces: [{ group, version, kind, schema: metadataOnly }],
  })
}

const metadataOnly = struct(
  'io.k8s.apimachinery.pkg.apis.meta.v1.PartialObjectMetadata',
  () => ({}),
)

const knownVerbs: readonly Verb[] = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
]

async function resourcesOf(
  client: Client,
  groupVersion: GroupVersion,
  signal: AbortSignal,
): Promise<Unranked[]> {
  const { group, version } = groupVersion
  const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  const { resources } = (await client.document(path, signal)) as Resources
  return (resources ?? [])
    .filter(({ name }) => !name.includes('/'))
    .map(({ name, kind, namespaced, verbs }) => ({
      group,
      version,
      name,
      kind,
      namespaced,
      verbs: new Set(verbs),
      subresources: subresourcesOf(name, resources ?? []),
    }))
}

function subresourcesOf(name: string, all: readonly { readonly name: string }[]) {
  const prefix = `${name}/`
  const own = all.filter((each) => each.name.startsWith(prefix))
  return new Set(own.map((each) => each.name.slice(prefix.length)))
}

/** Versions come best first. */
function withPreference(found: readonly Unranked[]): DiscoveredResource[] {
  const seen = new Set<string>()
  return found.map((each) => {
    const preferred = !seen.has(each.name)
    seen.add(each.name)
    return { ...each, preferred }
  })
}

interface CoreVersions {
  readonly versions: readonly string[]
}

interface Groups {
  readonly groups: readonly {
    readonly name: string
    readonly versions: readonly { readonly version: string }[]
    readonly preferredVersion?: { readonly version: string }
  }[]
}

interface Resources {
  readonly resources:
    | readonly {
        readonly name: string
        readonly kind: string
        readonly namespaced: boolean
        readonly verbs: readonly string[] | null
      }[]
    | null
}
