/** The names things go by: API groups with versions, kinds and resources. The core group is ''. */
export interface GroupVersion {
  readonly group: string
  readonly version: string
}

export interface GroupKind {
  readonly group: string
  readonly kind: string
}

export interface GroupResource {
  readonly group: string
  readonly resource: string
}

export interface GroupVersionKind extends GroupVersion, GroupKind {}

export interface GroupVersionResource extends GroupVersion, GroupResource {}

/** `apps/v1`, and `v1` for the core group: what `apiVersion` holds. */
export function formatGroupVersion({ group, version }: GroupVersion): string {
  return group === '' ? version : `${group}/${version}`
}

/** Undefined when it has more than one slash. An empty text is the empty group and version. */
export function parseGroupVersion(apiVersion: string): GroupVersion | undefined {
  const slash = apiVersion.indexOf('/')
  if (slash === -1) return { group: '', version: apiVersion }
  if (apiVersion.includes('/', slash + 1)) return undefined
  return { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) }
}

/** `Deployment.apps`, and `Pod` for the core group. */
export function formatGroupKind({ group, kind }: GroupKind): string {
  return group === '' ? kind : `${kind}.${group}`
}

/** `deployments.apps`, and `pods` for the core group. */
export function formatGroupResource({ group, resource }: GroupResource): string {
  return group === '' ? resource : `${resource}.${group}`
}

/** The inverse of `formatGroupResource`: everything after the first dot is the group. */
export function parseGroupResource(text: string): GroupResource {
  const dot = text.indexOf('.')
  return dot === -1
    ? { group: '', resource: text }
    : { group: text.slice(dot + 1), resource: text.slice(0, dot) }
}

/** The inverse of `formatGroupKind`. */
export function parseGroupKind(text: string): GroupKind {
  const { group, resource } = parseGroupResource(text)
  return { group, kind: resource }
}

/** `apps/v1, Kind=Deployment`, as upstream prints it in messages. */
export function formatGroupVersionKind({ group, version, kind }: GroupVersionKind): string {
  return `${group}/${version}, Kind=${kind}`
}

/** `apps/v1, Resource=deployments`, as upstream prints it in messages. */
export function formatGroupVersionResource(name: GroupVersionResource): string {
  return `${name.group}/${name.version}, Resource=${name.resource}`
}
