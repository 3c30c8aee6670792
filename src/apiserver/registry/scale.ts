import { ScaleSchema } from '#api'
import {
  decodeObject,
  errors,
  mutable,
  selectorFromObject,
  type Face,
  type KubeObject,
  type LabelSelectorObject,
  type ObjectDraft,
  type Resource,
  type ScalePaths,
} from '#machinery'
import { fromStorage, servedObject } from '../cache/entry.ts'
import type { Answer, ObjectAnswer } from '../request.ts'
import { decodeBody, readBody } from './body.ts'
import { cacheOf, groupResource, type Call } from './call.ts'
import { change, checkName } from './update.ts'
import { patchedBy } from './patch.ts'
import { readWriteOptions } from './write-options.ts'

/** The autoscaling/v1 Scale that every scalable kind shows of itself (KEP-571 for custom kinds). */
const scaleFace: Face = { group: 'autoscaling', version: 'v1', kind: 'Scale', schema: ScaleSchema }

interface Scale extends KubeObject {
  readonly spec?: { readonly replicas?: number }
}

/** GET, PUT and PATCH of /scale: a small view of the object, written through to it. */
export async function scale(call: Call): Promise<Answer> {
  const paths = call.resource.subresources['scale']?.scale
  if (paths === undefined) throw errors.notFound(groupResource(call), call.info.name)
  const { verb } = call.info
  if (verb === 'get') {
    await call.registry.cache.fresh()
    const entry = cacheOf(call).get(call.info.namespace, call.info.name)
    if (entry === undefined) throw errors.notFound(groupResource(call), call.info.name)
    return scaleAnswer(call.resource, scaleOf(fromStorage(call.face, entry.object), paths))
  }
  const scaleCall: Call = { ...call, face: scaleFace }
  const options = readWriteOptions(call, verb === 'patch' ? 'PatchOptions' : 'UpdateOptions')
  let desired: (current: KubeObject) => ObjectDraft
  if (verb === 'patch') desired = await patchedBy(scaleCall, options)
  else {
    const given = decodeBody(scaleCall, scaleFace, await readBody(call), options)
    checkName(call, given)
    desired = () => given
  }
  const answer = await change(call, options, {
    apply: (current) => {
      const wanted = desired(scaleOf(current, paths)) as unknown as Scale
      const draft = mutable<KubeObject>(current)
      draft.metadata.resourceVersion = wanted.metadata.resourceVersion ?? ''
      const replicas = wanted.spec?.replicas ?? 0
      if (replicas < 0) {
        throw errors.invalid({ group: 'autoscaling', kind: 'Scale' }, call.info.name, [
          {
            type: 'FieldValueInvalid',
            field: 'spec.replicas',
            badValue: replicas,
            detail: 'must be greater than or equal to 0',
          },
        ])
      }
      setAt(draft, paths.spec, replicas)
      return draft
    },
    retries: true,
  })
  return answer.type === 'object'
    ? scaleAnswer(call.resource, scaleOf(answer.served.object(), paths))
    : answer
}

function scaleAnswer(resource: Resource, object: KubeObject): ObjectAnswer {
  return { type: 'object', code: 200, served: servedObject(resource, scaleFace, object) }
}

function scaleOf(object: KubeObject, paths: ScalePaths): KubeObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const selector = paths.selector === undefined ? undefined : getAt(object, paths.selector)
  const { draft } = decodeObject(scaleFace, {
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: getAt(object, paths.spec) },
    status: { replicas: getAt(object, paths.status), selector: selectorText(selector) },
  })
  return draft
}

/** Kinds keep a LabelSelector, a plain map (ReplicationController) or a text (custom kinds). */
function selectorText(selector: unknown): string | undefined {
  if (typeof selector === 'string') return selector
  if (typeof selector !== 'object' || selector === null) return undefined
  const isObject = 'matchLabels' in selector || 'matchExpressions' in selector
  const object = isObject ? selector : { matchLabels: selector }
  return selectorFromObject(object as LabelSelectorObject).toString()
}

/** The value at a path such as .spec.replicas. */
function getAt(object: object, path: string): unknown {
  let at: unknown = object
  for (const name of path.split('.').slice(1)) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined
    at = (at as Record<string, unknown>)[name]
  }
  return at
}

function setAt(object: object, path: string, value: unknown): void {
  const names = path.split('.').slice(1)
  const last = names.pop()
  let at = object as Record<string, unknown>
  for (const name of names) {
    if (typeof at[name] !== 'object' || at[name] === null) at[name] = {}
    at = at[name] as Record<string, unknown>
  }
  if (last !== undefined) at[last] = value
}
