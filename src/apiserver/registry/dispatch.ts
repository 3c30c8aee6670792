import { errors, getOwn, type Subresource } from '#machinery'
import type { AdmissionAttributes } from '../admission/admission.ts'
import type { KindHooks } from '../kinds/kind-hooks.ts'
import { isConnect } from '../request-info.ts'
import type { Answer } from '../request.ts'
import { readBody } from './body.ts'
import { groupResource, type Call } from './call.ts'
import { create } from './create.ts'
import { removeCollection } from './delete-collection.ts'
import { remove } from './delete.ts'
import { get } from './get.ts'
import { list } from './list.ts'
import { patch } from './patch.ts'
import { scale } from './scale.ts'
import { update } from './update.ts'
import { watch } from './watch.ts'
import { noSuchResource } from '../catalog.ts'

/** Hands a resource request to the handler of its verb or subresource. */
export async function dispatch(call: Call): Promise<Answer> {
  const { info, resource } = call
  // A resource is reached below its namespace or not at all; only reads span namespaces.
  if (resource.namespaced) {
    if (info.namespace === '' && !acrossNamespaces.has(info.verb)) {
      if (!ofCollections.has(info.verb)) throw noSuchResource()
      throw errors.methodNotSupported(groupResource(call), info.verb)
    }
  }
  if (info.subresource !== '') return subresource(call)
  switch (info.verb) {
    case 'get':
      return allowed(call, 'get') && (hooksOf(call)?.get?.(call) ?? get(call))
    case 'list':
      return allowed(call, 'list') && (hooksOf(call)?.list?.(call) ?? list(call))
    case 'watch':
      return allowed(call, 'watch') && watch(call)
    case 'create':
      if (pathName(call) !== '') throw errors.methodNotSupported(groupResource(call), 'create')
      return allowed(call, 'create') && create(call)
    case 'update':
      return allowed(call, 'update') && named(call) && update(call)
    case 'patch':
      return allowed(call, 'patch') && named(call) && patch(call)
    case 'delete':
      return allowed(call, 'delete') && remove(call)
    case 'deletecollection':
      return allowed(call, 'deletecollection') && removeCollection(call)
    default:
      throw errors.methodNotSupported(groupResource(call), call.request.method.toLowerCase())
  }
}

function hooksOf({ registry, resource }: Call): KindHooks | undefined {
  return registry.hooksOf(resource)
}

const acrossNamespaces: ReadonlySet<string> = new Set(['list', 'watch'])
const ofCollections: ReadonlySet<string> = new Set(['create', 'deletecollection'])

async function subresource(call: Call): Promise<Answer> {
  const { info, resource, registry } = call
  const found = getOwn(resource.subresources, info.subresource)
  if (found === undefined) throw noSuchResource()
  const answers = getOwn(registry.hooksOf(resource)?.subresources ?? {}, info.subresource)
  if (!allowsVerb(found, call)) {
    throw errors.methodNotSupported(groupResource(call), info.verb)
  }
  if (answers !== undefined) {
    const { request, user, warn } = call
    if (found.verbs.includes('connect')) await admitConnect(call)
    // A connection's body is passed on, not read.
    const body = isConnect(info) ? undefined : await readBody(call)
    return answers({ call, request, info, user, body: body?.value, warn })
  }
  if (found.scale !== undefined) return scale(call)
  switch (info.verb) {
    case 'get':
      return get(call)
    case 'update':
      return update(call)
    case 'patch':
      return patch(call)
    default:
      throw errors.methodNotSupported(groupResource(call), info.verb)
  }
}

function allowsVerb({ verbs }: Subresource, { info, request }: Call): boolean {
  if (!verbs.includes('connect')) return verbs.some((allowed) => allowed === info.verb)
  if (info.verb === 'watch') return false
  const methods = info.subresource === 'proxy' ? proxyMethods : connectMethods
  return methods.has(request.method)
}

const connectMethods: ReadonlySet<string> = new Set(['GET', 'POST'])
const proxyMethods: ReadonlySet<string> = new Set([
  'DELETE',
  'GET',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'POST',
  'PUT',
])

/** Admission of a connection: nothing is stored, so there is nothing to change. */
async function admitConnect({ registry, info, resource, face, user, warn }: Call): Promise<void> {
  const { subresource, namespace, name } = info
  const attributes: AdmissionAttributes = {
    operation: 'CONNECT',
    resource,
    face,
    subresource,
    namespace,
    name,
    object: undefined,
    old: undefined,
    user,
    dryRun: false,
    options: {},
    warn,
  }
  await registry.admission.admit(attributes)
  await registry.admission.validate(attributes)
}

function allowed(call: Call, verb: Parameters<Call['resource']['verbs']['has']>[0]): true {
  if (call.resource.verbs.has(verb)) return true
  throw errors.methodNotSupported(groupResource(call), verb)
}

function named(call: Call): true {
  if (pathName(call) !== '') return true
  throw errors.methodNotSupported(groupResource(call), call.info.verb)
}

/** The name in the path; lists carry one from their selector that is not. */
function pathName(call: Call): string {
  return call.info.name
}
