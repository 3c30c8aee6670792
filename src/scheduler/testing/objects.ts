import { Node, Pod } from '#api'
import {
  decodeObject,
  deepFreeze,
  defaultObject,
  type ObjectOf,
  type Resource,
  type StructSchema,
} from '#machinery'
import { PodInfos, type PodInfo } from '../pod-info.ts'

/** What tests write of an object; what it must have besides is filled in. */
export interface TestFields {
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly spec?: Readonly<Record<string, unknown>>
  readonly status?: Readonly<Record<string, unknown>>
}

/** A node with 4 CPUs, 8 GiB and room for 110 pods, unless `status` says otherwise. */
export function testNode(name: string, fields: TestFields = {}): Node {
  const allocatable = { cpu: '4', memory: '8Gi', pods: '110' }
  return whole(Node, {
    metadata: { ...fields.metadata, name },
    spec: fields.spec,
    status: { allocatable, ...fields.status },
  })
}

/** A pod in namespace default, its uid its name, with one container that requests nothing. */
export function testPod(name: string, fields: TestFields = {}): Pod {
  return whole(Pod, {
    metadata: { namespace: 'default', uid: name, ...fields.metadata, name },
    spec: { containers: [{ name: 'main', image: 'web' }], ...fields.spec },
    status: fields.status,
  })
}

/** The fields of a spec whose only container requests this. */
export function requesting(requests: Readonly<Record<string, string>>): { containers: unknown[] } {
  return { containers: [{ name: 'main', image: 'web', resources: { requests } }] }
}

const infos = new PodInfos()

export function testPodInfo(name: string, fields: TestFields = {}): PodInfo {
  return infos.of(testPod(name, fields))
}

/** Decoded and defaulted, as the API server hands it out. */
function whole<S extends StructSchema>(resource: Resource<S>, json: object): ObjectOf<Resource<S>> {
  const { draft } = decodeObject(resource.faces[0], JSON.parse(JSON.stringify(json)))
  defaultObject(resource.faces[0], draft)
  // The decoder has made it by the resource's schema.
  return deepFreeze(draft) as ObjectOf<Resource<S>>
}
