import { createHash } from 'node:crypto'
import { encodeUtf8, formatGroupVersion, type GroupVersion, type Subresource } from '#machinery'
import type { Catalog, Served } from '../catalog.ts'
import { readAccept } from '../encoding/negotiate.ts'
import type { ApiRequest, DocumentAnswer } from '../request.ts'
import { jsonDocument } from './document.ts'

/**
 * What is served, for clients to discover: plain (one document a group version) and aggregated
 * (KEP-3352: two documents in all). Derived from the catalog and made again only when it changes.
 */
export class Discovery {
  readonly #catalog: Catalog
  readonly #made = new Map<string, DocumentAnswer>()
  #generation = -1

  constructor(catalog: Catalog) {
    this.#catalog = catalog
  }

  /** Undefined when the path is no discovery document, or one of a group that is not served. */
  answer(request: ApiRequest): DocumentAnswer | undefined {
    if (this.#generation !== this.#catalog.generation) {
      this.#made.clear()
      this.#generation = this.#catalog.generation
    }
    const parts = request.path.split('/').filter((part) => part !== '')
    const [root, group, version, ...rest] = parts
    if ((root !== 'api' && root !== 'apis') || rest.length > 0) return undefined
    if (root === 'api') {
      if (group === undefined) return this.#root('api', request)
      return version === undefined ? this.#resources({ group: '', version: group }) : undefined
    }
    if (group === undefined) return this.#root('apis', request)
    if (version === undefined) return this.#group(group)
    return this.#resources({ group, version })
  }

  #root(root: 'api' | 'apis', request: ApiRequest): DocumentAnswer {
    const aggregated = wantsAggregated(request)
    if (aggregated === undefined) {
      return this.#once(root, () => (root === 'api' ? this.#legacyVersions() : this.#groups()))
    }
    return this.#once(`${root};${aggregated}`, () => {
      const document = this.#aggregated(root, aggregated)
      const etag = `"${createHash('sha256').update(document).digest('hex').toUpperCase()}"`
      return {
        type: 'document',
        code: 200,
        contentType: `application/json;g=apidiscovery.k8s.io;v=${aggregated};as=APIGroupDiscoveryList`,
        bytes: encodeUtf8(document),
        headers: { etag, vary: 'Accept' },
      }
    })
  }

  #legacyVersions(): DocumentAnswer {
    return jsonDocument({
      kind: 'APIVersions',
      versions: this.#versionsOf('').map(({ version }) => version),
      serverAddressByClientCIDRs: [],
    })
  }

  #groups(): DocumentAnswer {
    const groups = this.#groupNames().map((group) => this.#describeGroup(group))
    return jsonDocument({ kind: 'APIGroupList', apiVersion: 'v1', groups })
  }

  #group(group: string): DocumentAnswer | undefined {
    if (!this.#groupNames().includes(group)) return undefined
    return this.#once(group, () =>
      jsonDocument({ kind: 'APIGroup', apiVersion: 'v1', ...this.#describeGroup(group) }),
    )
  }

  #describeGroup(name: string) {
    const versions = this.#versionsOf(name).map((version) => ({
      groupVersion: formatGroupVersion(version),
      version: version.version,
    }))
    return { name, versions, preferredVersion: versions[0] }
  }

  #resources(version: GroupVersion): DocumentAnswer | undefined {
    const found = this.#catalog.groupVersions().get(`${version.group}/${version.version}`)
    if (found === undefined) return undefined
    return this.#once(`resources ${version.group}/${version.version}`, () =>
      jsonDocument({
        kind: 'APIResourceList',
        apiVersion: 'v1',
        groupVersion: formatGroupVersion(version),
        resources: found.served.sort(byName).flatMap(plainResources),
      }),
    )
  }

  #aggregated(root: 'api' | 'apis', version: string): string {
    const names = root === 'api' ? [''] : this.#groupNames()
    const groupVersions = this.#catalog.groupVersions()
    const items = names.map((name) => ({
      metadata: { ...(name === '' ? {} : { name }), creationTimestamp: null },
      versions: this.#versionsOf(name).map((groupVersion) => ({
        version: groupVersion.version,
        resources: (groupVersions.get(`${name}/${groupVersion.version}`)?.served ?? [])
          .sort(byName)
          .map(aggregatedResource),
        freshness: 'Current',
      })),
    }))
    return JSON.stringify({
      kind: 'APIGroupDiscoveryList',
      apiVersion: `apidiscovery.k8s.io/${version}`,
      metadata: {},
      items,
    })
  }

  /** Named groups in the order of the catalog. */
  #groupNames(): string[] {
    const names = new Set<string>()
    for (const { version } of this.#catalog.groupVersions().values()) names.add(version.group)
    names.delete('')
    return [...names]
  }

  /** Best first: stable before beta before alpha, higher before lower. */
  #versionsOf(group: string): GroupVersion[] {
    return [...this.#catalog.groupVersions().values()]
      .map(({ version }) => version)
      .filter((version) => version.group === group)
      .sort((a, b) => compareVersions(b.version, a.version))
  }

  #once(key: string, make: () => DocumentAnswer): DocumentAnswer {
    let made = this.#made.get(key)
    if (made === undefined) this.#made.set(key, (made = make()))
    return made
  }
}

function wantsAggregated(request: ApiRequest): 'v2' | 'v2beta1' | undefined {
  for (const { type, parameters } of readAccept(request.header('accept') ?? '')) {
    if (type !== 'application/json' && type !== 'application/*' && type !== '*/*') continue
    if (parameters.get('g') !== 'apidiscovery.k8s.io') {
      if (type === 'application/json') return undefined
      continue
    }
    const version = parameters.get('v')
    if (version === 'v2' || version === 'v2beta1') return version
  }
  return undefined
}

function plainResources({ resource, face }: Served): object[] {
  const own =
    resource.verbs.size === 0
      ? []
      : [
          {
            name: resource.name,
            singularName: resource.singularName,
            namespaced: resource.namespaced,
            kind: face.kind,
            verbs: [...resource.verbs].sort(),
            ...(resource.shortNames.length === 0 ? {} : { shortNames: resource.shortNames }),
            ...(resource.categories.length === 0 ? {} : { categories: resource.categories }),
            ...(resource.verbs.has('get')
              ? { storageVersionHash: storageHash(resource.faces[0]) }
              : {}),
          },
        ]
  const subresources = subresourcesOf({ resource, face }).map(({ name, kind, verbs, foreign }) => ({
    name: `${resource.name}/${name}`,
    singularName: '',
    namespaced: resource.namespaced,
    ...(foreign ? { group: kind.group, version: kind.version } : {}),
    kind: kind.kind,
    verbs,
  }))
  return [...own, ...subresources]
}

function aggregatedResource(served: Served): object {
  const { resource, face } = served
  const responseKind = ({
    group,
    version,
    kind,
  }: {
    group: string
    version: string
    kind: string
  }) => ({
    group,
    version,
    kind,
  })
  return {
    resource: resource.name,
    responseKind: responseKind(face),
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: resource.singularName,
    verbs: [...resource.verbs].sort(),
    ...(resource.shortNames.length === 0 ? {} : { shortNames: resource.shortNames }),
    ...(resource.categories.length === 0 ? {} : { categories: resource.categories }),
    subresources: subresourcesOf(served).map(({ name, kind, verbs }) => ({
      subresource: name,
      responseKind: responseKind(kind),
      verbs,
    })),
  }
}

function subresourcesOf({ resource, face }: Served) {
  return Object.entries(resource.subresources)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, subresource]) => ({
      name,
      kind: subresource.kind ?? scaleKind(subresource) ?? face,
      foreign: (subresource.kind ?? scaleKind(subresource)) !== undefined,
      verbs: connectVerbs(subresource),
    }))
}

const scale = { group: 'autoscaling', version: 'v1', kind: 'Scale' }

function scaleKind(subresource: Subresource): typeof scale | undefined {
  return subresource.scale === undefined ? undefined : scale
}

/** A connect subresource takes every method that its protocol may use. */
function connectVerbs({ kind, verbs }: Subresource): readonly string[] {
  if (!verbs.includes('connect')) return [...verbs].sort()
  return kind?.kind.endsWith('ProxyOptions') === true
    ? ['create', 'delete', 'get', 'patch', 'update']
    : ['create', 'get']
}

function storageHash(face: { group: string; version: string; kind: string }): string {
  return createHash('sha256')
    .update(`${face.group}/${face.version}/${face.kind}`)
    .digest()
    .subarray(0, 8)
    .toString('base64')
}

function byName(a: Served, b: Served): number {
  return a.resource.name < b.resource.name ? -1 : 1
}

/** Orders versions as upstream's version priority does: v2 > v1 > v2beta1 > v1beta1 > v1alpha1 > other. */
export function compareVersions(a: string, b: string): number {
  const left = versionRank(a)
  const right = versionRank(b)
  for (let at = 0; at < left.length; at++) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0)
    if (difference !== 0) return difference
  }
  return a < b ? 1 : a > b ? -1 : 0
}

function versionRank(version: string): readonly number[] {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version)
  if (match === null) return [0, 0, 0, 0]
  const stability = match[2] === undefined ? 3 : match[2] === 'beta' ? 2 : 1
  return [1, stability, Number(match[1]), Number(match[3] ?? 0)]
}
