import { formatGroupVersion, type GroupVersion, type GroupVersionKind } from '../names.ts'
import type { Face, Resource, Subresource, Verb } from '../resource.ts'

/** A path of the API and what can be done there; rendered by both versions of OpenAPI. */
export interface ApiPath {
  readonly path: string
  readonly operations: readonly ApiOperation[]
}

export interface ApiOperation {
  readonly method: 'get' | 'put' | 'post' | 'patch' | 'delete'
  /** `x-kubernetes-action`; absent for discovery. */
  readonly action?: string | undefined
  readonly kind?: GroupVersionKind | undefined
  readonly id: string
  readonly description: string
  readonly tag: string
  readonly query: readonly QueryParameter[]
  readonly body?: Body | undefined
  /** Status codes with what they answer. */
  readonly responses: readonly (readonly [number, Body])[]
  readonly consumes: readonly string[]
}

/** What a body is: an object of a face, a list of them, or one of the shared types. */
export type Body =
  | { readonly is: 'object' | 'list'; readonly face: Face }
  | { readonly is: 'status' | 'deleteOptions' | 'patch' | 'text' | 'resources' }

export interface QueryParameter {
  readonly name: string
  readonly type: 'string' | 'integer' | 'boolean'
}

export const mediaTypes: readonly string[] = [
  'application/json',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
]

const pretty = parameter('pretty')
const dryRun = parameter('dryRun')
const writing = [dryRun, parameter('fieldManager'), parameter('fieldValidation'), pretty]
const patching = [...writing, parameter('force', 'boolean')]
const deleting = [
  dryRun,
  parameter('gracePeriodSeconds', 'integer'),
  parameter('ignoreStoreReadErrorWithClusterBreakingPotential', 'boolean'),
  parameter('orphanDependents', 'boolean'),
  parameter('propagationPolicy'),
  pretty,
]
const selecting = [
  parameter('continue'),
  parameter('fieldSelector'),
  parameter('labelSelector'),
  parameter('limit', 'integer'),
  parameter('resourceVersion'),
  parameter('resourceVersionMatch'),
  parameter('sendInitialEvents', 'boolean'),
  parameter('timeoutSeconds', 'integer'),
]
const listing = [
  ...selecting,
  parameter('allowWatchBookmarks', 'boolean'),
  parameter('watch', 'boolean'),
  pretty,
]
const patchTypes = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
  'application/apply-patch+cbor',
]
/** Strategic merge patch needs a Go type, so custom resources do not have it. */
const customPatchTypes = patchTypes.filter((type) => !type.includes('strategic'))

function parameter(name: string, type: QueryParameter['type'] = 'string'): QueryParameter {
  return { name, type }
}

/** The paths of a group and version. `faceOf` knows the kinds of subresources' bodies. */
export function apiPaths(
  gv: GroupVersion,
  resources: readonly Resource[],
  faceOf: (kind: GroupVersionKind) => Face | undefined,
): readonly ApiPath[] {
  const root = gv.group === '' ? `/api/${gv.version}` : `/apis/${formatGroupVersion(gv)}`
  const tag = gv.group === '' ? `core_${gv.version}` : `${idPart(gv.group)}_${gv.version}`
  const discovery: ApiOperation = {
    method: 'get',
    id: `get${title(tag)}APIResources`,
    description: 'list the resources of this version',
    tag,
    query: [],
    responses: [[200, { is: 'resources' }]],
    consumes: mediaTypes,
  }
  const paths: ApiPath[] = [{ path: `${root}/`, operations: [discovery] }]
  for (const resource of resources) {
    const face = resource.faces.find(
      (candidate) => candidate.group === gv.group && candidate.version === gv.version,
    )
    if (face !== undefined) paths.push(...resourcePaths(root, tag, resource, face, faceOf))
  }
  return paths
}

/** Which operations of a path there are, by verb, before they are named. */
type Draft = Omit<ApiOperation, 'id' | 'tag' | 'description'> & { readonly verb: string }

function resourcePaths(
  root: string,
  tag: string,
  resource: Resource,
  face: Face,
  faceOf: (kind: GroupVersionKind) => Face | undefined,
): readonly ApiPath[] {
  const { kind } = face
  const prefix = title(tag)
  const scope = resource.namespaced ? `${prefix}Namespaced${kind}` : prefix + kind
  const collection = resource.namespaced
    ? `${root}/namespaces/{namespace}/${resource.name}`
    : `${root}/${resource.name}`
  const name = (draft: Draft, suffix = ''): ApiOperation => {
    const { verb, ...operation } = draft
    const where = verb === 'deletecollection' ? `Collection${scope.slice(prefix.length)}` : ''
    const id = where === '' ? `${verb}${scope}${suffix}` : `delete${prefix}${where}`
    const what = `${phrases[verb] ?? verb} ${kind}${suffix === '' ? '' : ` (${suffix})`}`
    return { ...operation, id, tag, description: what }
  }
  const paths = [
    { path: collection, operations: collectionDrafts(resource, face).map((d) => name(d)) },
    { path: `${collection}/{name}`, operations: objectDrafts(resource, face).map((d) => name(d)) },
  ]
  for (const [subresource, definition] of Object.entries(resource.subresources)) {
    const drafts = subresourceDrafts(face, definition, faceOf)
    const operations = drafts.map((draft) => name(draft, title(subresource)))
    paths.push({ path: `${collection}/{name}/${subresource}`, operations })
  }
  if (resource.namespaced && resource.verbs.has('list')) {
    const everywhere: ApiOperation = {
      ...listDraft(face),
      id: `list${prefix}${kind}ForAllNamespaces`,
      tag,
      description: `list ${kind} in all namespaces`,
    }
    paths.push({ path: `${root}/${resource.name}`, operations: [everywhere] })
  }
  return paths.filter(({ operations }) => operations.length > 0)
}

const phrases: Readonly<Record<string, string>> = {
  list: 'list',
  create: 'create',
  deletecollection: 'delete a collection of',
  read: 'read one',
  replace: 'replace one',
  patch: 'change a part of one',
  delete: 'delete one',
  connect: 'connect to one',
}

function collectionDrafts({ verbs }: Resource, face: Face): readonly Draft[] {
  const drafts: Draft[] = []
  if (verbs.has('list')) drafts.push(listDraft(face))
  if (verbs.has('create')) drafts.push(createDraft(face))
  if (verbs.has('deletecollection')) {
    drafts.push({
      ...deleteDraft('deletecollection'),
      kind: kindOf(face),
      query: [...selecting, ...deleting],
      responses: [[200, { is: 'status' }]],
    })
  }
  return drafts
}

function objectDrafts({ verbs }: Resource, face: Face): readonly Draft[] {
  const one: Body = { is: 'object', face }
  return [
    ...(verbs.has('get') ? [readDraft(face, one)] : []),
    ...(verbs.has('update') ? [replaceDraft(face, one)] : []),
    ...(verbs.has('patch') ? [patchDraft(face, one)] : []),
    ...(verbs.has('delete') ? [{ ...deleteDraft('delete'), kind: kindOf(face) }] : []),
  ]
}

function subresourceDrafts(
  face: Face,
  { kind, verbs }: Subresource,
  faceOf: (kind: GroupVersionKind) => Face | undefined,
): readonly Draft[] {
  const of = kind === undefined ? face : faceOf(kind)
  const body: Body = of === undefined ? { is: 'text' } : { is: 'object', face: of }
  const named = kind ?? face
  return verbs.flatMap((verb): readonly Draft[] => {
    switch (verb) {
      case 'get':
        return [readDraft(named, body)]
      case 'update':
        return [replaceDraft(named, body)]
      case 'patch':
        return [patchDraft(named, body, face)]
      case 'create':
        return [{ ...createDraft(of ?? face), kind: kindOf(named) }]
      case 'connect':
        return (['get', 'post'] as const).map((method) => ({
          method,
          verb: `connect${title(method)}`,
          action: 'connect',
          kind: kindOf(named),
          query: [],
          responses: [[200, { is: 'text' }]],
          consumes: ['*/*'],
        }))
    }
  })
}

function listDraft(face: Face): Draft {
  return {
    method: 'get',
    verb: 'list',
    action: 'list',
    kind: kindOf(face),
    query: listing,
    responses: [[200, { is: 'list', face }]],
    consumes: ['*/*'],
  }
}

function createDraft(face: Face): Draft {
  const body: Body = { is: 'object', face }
  return {
    method: 'post',
    verb: 'create',
    action: 'post',
    kind: kindOf(face),
    query: writing,
    body,
    responses: [200, 201, 202].map((code) => [code, body] as const),
    consumes: ['*/*'],
  }
}

function readDraft(kind: GroupVersionKind, body: Body): Draft {
  return {
    method: 'get',
    verb: 'read',
    action: 'get',
    kind: kindOf(kind),
    query: [pretty],
    responses: [[200, body]],
    consumes: ['*/*'],
  }
}

function replaceDraft(kind: GroupVersionKind, body: Body): Draft {
  return {
    method: 'put',
    verb: 'replace',
    action: 'put',
    kind: kindOf(kind),
    query: writing,
    body,
    responses: [200, 201].map((code) => [code, body] as const),
    consumes: ['*/*'],
  }
}

function patchDraft(kind: GroupVersionKind, body: Body, owner?: Face): Draft {
  const custom = body.is === 'object' && (owner ?? body.face).schema.structural !== undefined
  return {
    method: 'patch',
    verb: 'patch',
    action: 'patch',
    kind: kindOf(kind),
    query: patching,
    body: { is: 'patch' },
    responses: [200, 201].map((code) => [code, body] as const),
    consumes: custom ? customPatchTypes : patchTypes,
  }
}

function deleteDraft(verb: Extract<Verb, 'delete' | 'deletecollection'>): Omit<Draft, 'kind'> {
  return {
    method: 'delete',
    verb,
    action: verb,
    query: deleting,
    body: { is: 'deleteOptions' },
    responses: [200, 202].map((code) => [code, { is: 'status' }] as const),
    consumes: ['*/*'],
  }
}

function kindOf({ group, version, kind }: GroupVersionKind): GroupVersionKind {
  return { group, kind, version }
}

/** `rbac.authorization.k8s.io` → `rbacAuthorization`: as upstream shortens groups. */
function idPart(group: string): string {
  const short = group.replace(/\.k8s\.io$/, '')
  return short.replace(/[.-](.)/g, (_, letter: string) => letter.toUpperCase())
}

/** `apps_v1` → `AppsV1`. */
function title(text: string): string {
  return text.replace(/(?:^|[_-])(.)/g, (_, letter: string) => letter.toUpperCase())
}
