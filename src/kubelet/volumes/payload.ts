import type {
  ConfigMap,
  DownwardAPIVolumeFile,
  KeyToPath,
  Pod,
  ProjectedVolumeSource,
  Secret,
  ServiceAccountTokenProjection,
  Volume,
} from '#api'
import { podField, resourceField, type NodeAmounts, type PodAddressing } from '../pods/downward.ts'
import type { Referenced } from '../pods/environment.ts'
import { commonUser } from '../pods/security.ts'
import { containersOf, initContainersOf } from '../pods/observed.ts'
import type { Payload, PayloadFile } from './atomic-writer.ts'

export interface PayloadInput extends PodAddressing, NodeAmounts {
  readonly pod: Pod
  readonly referenced: Referenced
  /** Of the pod's account, for these. */
  token(projection: ServiceAccountTokenProjection): string
}

/** A volume cannot be made now, with upstream's words for it. */
export class VolumeError extends Error {
  override readonly name = 'VolumeError'
}

/** Tokens of pods that run as one user, or have a group for their volumes, are for those only. */
const tokenModePrivate = 0o600

/** The files of a volume that is made from API objects; undefined for other sorts. Pure. */
export function payloadOf(input: PayloadInput, volume: Volume): Payload | undefined {
  const { configMap, secret, downwardAPI, projected } = volume
  if (configMap !== undefined) {
    const { name = '', items, optional = false, defaultMode } = configMap
    return ofConfigMap(input, { name, items, optional }, defaultMode)
  }
  if (secret !== undefined) {
    const { secretName = '', items, optional = false, defaultMode } = secret
    return ofSecret(input, { name: secretName, items, optional }, defaultMode)
  }
  if (downwardAPI !== undefined) {
    return ofDownward(input, downwardAPI.items ?? [], downwardAPI.defaultMode)
  }
  return projected === undefined ? undefined : ofProjected(input, projected)
}

/** The objects that a volume is made from, by kind. */
export function volumeReferences(volume: Volume): {
  readonly configMaps: readonly string[]
  readonly secrets: readonly string[]
  readonly tokens: readonly ServiceAccountTokenProjection[]
} {
  const sources = volume.projected?.sources ?? []
  const named = (names: readonly (string | undefined)[]) =>
    names.filter((name) => name !== undefined && name !== '').map(String)
  return {
    configMaps: named([volume.configMap?.name, ...sources.map(({ configMap }) => configMap?.name)]),
    secrets: named([volume.secret?.secretName, ...sources.map(({ secret }) => secret?.name)]),
    tokens: sources
      .map(({ serviceAccountToken }) => serviceAccountToken)
      .filter((token) => token !== undefined),
  }
}

function ofProjected(input: PayloadInput, projected: ProjectedVolumeSource): Payload {
  const { defaultMode } = projected
  const all = new Map<string, PayloadFile>()
  for (const { configMap, secret, downwardAPI, serviceAccountToken } of projected.sources ?? []) {
    const parts: Payload[] = []
    if (configMap !== undefined) {
      const { name = '', items, optional = false } = configMap
      parts.push(ofConfigMap(input, { name, items, optional }, defaultMode))
    }
    if (secret !== undefined) {
      const { name = '', items, optional = false } = secret
      parts.push(ofSecret(input, { name, items, optional }, defaultMode))
    }
    if (downwardAPI !== undefined)
      parts.push(ofDownward(input, downwardAPI.items ?? [], defaultMode))
    if (serviceAccountToken !== undefined) {
      const { fsGroup } = input.pod.spec.securityContext ?? {}
      const uid = commonUser(input.pod)
      const mode = fsGroup === undefined && uid === undefined ? defaultMode : tokenModePrivate
      const content = Buffer.from(input.token(serviceAccountToken))
      const file = { content, mode, ...(uid === undefined ? {} : { uid }) }
      parts.push(new Map([[serviceAccountToken.path, file]]))
    }
    for (const part of parts) for (const [path, file] of part) all.set(path, file)
  }
  return all
}

interface Reference {
  readonly name: string
  readonly items: readonly KeyToPath[] | undefined
  readonly optional: boolean
}

function ofConfigMap(input: PayloadInput, reference: Reference, mode: number): Payload {
  const found: ConfigMap | undefined = input.referenced.configMap(reference.name)
  if (found === undefined && !reference.optional) {
    throw new VolumeError(`configmap "${reference.name}" not found`)
  }
  const data = new Map<string, Buffer>()
  for (const [key, value] of Object.entries(found?.data ?? {})) data.set(key, Buffer.from(value))
  for (const [key, value] of Object.entries(found?.binaryData ?? {})) {
    data.set(key, Buffer.from(value, 'base64'))
  }
  return selected(data, reference, mode)
}

function ofSecret(input: PayloadInput, reference: Reference, mode: number): Payload {
  const found: Secret | undefined = input.referenced.secret(reference.name)
  if (found === undefined && !reference.optional) {
    throw new VolumeError(`secret "${reference.name}" not found`)
  }
  const data = new Map(
    Object.entries(found?.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')]),
  )
  return selected(data, reference, mode)
}

function selected(
  data: ReadonlyMap<string, Buffer>,
  { items, optional }: Reference,
  defaultMode: number,
): Payload {
  if (items === undefined) {
    return new Map([...data].map(([key, content]) => [key, { content, mode: defaultMode }]))
  }
  const files = new Map<string, PayloadFile>()
  for (const { key, path, mode = defaultMode } of items) {
    const content = data.get(key)
    if (content !== undefined) files.set(path, { content, mode })
    else if (!optional) throw new VolumeError(`references non-existent config key: ${key}`)
  }
  return files
}

function ofDownward(
  input: PayloadInput,
  items: readonly DownwardAPIVolumeFile[],
  defaultMode: number,
): Payload {
  const { pod } = input
  const files = new Map<string, PayloadFile>()
  for (const { path, fieldRef, resourceFieldRef, mode = defaultMode } of items) {
    const container = [...containersOf(pod), ...initContainersOf(pod)].find(
      ({ name }) => name === resourceFieldRef?.containerName,
    )
    const text =
      fieldRef !== undefined
        ? podField(pod, fieldRef.fieldPath, input)
        : resourceFieldRef !== undefined && container !== undefined
          ? resourceField(container, resourceFieldRef, input)
          : undefined
    files.set(path, { content: Buffer.from(text ?? ''), mode })
  }
  return files
}
