import { StatusError, type Face, type GroupVersion, type Resource } from '#machinery'

/** A resource in one of its versions: what a path names. */
export interface Served {
  readonly resource: Resource
  readonly face: Face
}

/**
 * The kinds that are served now, by path and by kind. Built-in kinds and kinds that arrive as
 * documents stand here alike and may come and go at run time.
 */
export class Catalog {
  readonly #byPath = new Map<string, Served>()
  readonly #byKind = new Map<string, Served>()
  readonly #resources = new Set<Resource>()
  #generation = 0

  /** Changes with every change of the catalog; what is derived from it is cached under this. */
  get generation(): number {
    return this.#generation
  }

  get resources(): Iterable<Resource> {
    return this.#resources
  }

  add(resource: Resource): void {
    this.#generation++
    this.#resources.add(resource)
    for (const face of resource.faces) {
      this.#byPath.set(pathKey(face, resource.name), { resource, face })
      this.#byKind.set(pathKey(face, face.kind), { resource, face })
    }
  }

  remove(resource: Resource): void {
    this.#generation++
    this.#resources.delete(resource)
    for (const face of resource.faces) {
      const path = pathKey(face, resource.name)
      if (this.#byPath.get(path)?.resource === resource) this.#byPath.delete(path)
      const kind = pathKey(face, face.kind)
      if (this.#byKind.get(kind)?.resource === resource) this.#byKind.delete(kind)
    }
  }

  find(version: GroupVersion, resource: string): Served | undefined {
    return this.#byPath.get(pathKey(version, resource))
  }

  findKind(version: GroupVersion, kind: string): Served | undefined {
    return this.#byKind.get(pathKey(version, kind))
  }

  /** The resource of any version of a group. */
  findResource(group: string, name: string): Resource | undefined {
    for (const resource of this.#resources) {
      if (resource.name === name && resource.faces.some((face) => face.group === group)) {
        return resource
      }
    }
    return undefined
  }

  /** Group versions with what they serve, in the order in which they were added. */
  groupVersions(): Map<string, { version: GroupVersion; served: Served[] }> {
    const found = new Map<string, { version: GroupVersion; served: Served[] }>()
    for (const resource of this.#resources) {
      for (const face of resource.faces) {
        const key = `${face.group}/${face.version}`
        const { group, version } = face
        const entry = found.get(key) ?? { version: { group, version }, served: [] }
        entry.served.push({ resource, face })
        found.set(key, entry)
      }
    }
    return found
  }
}

/** The 404 for a path that names nothing. */
export function noSuchResource(): StatusError {
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'the server could not find the requested resource',
    reason: 'NotFound',
    details: {},
    code: 404,
  })
}

function pathKey(version: GroupVersion, name: string): string {
  return `${version.group}/${version.version}/${name}`
}
