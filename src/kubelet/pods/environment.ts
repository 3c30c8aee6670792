import type { ConfigMap, Container, EnvVar, Pod, Secret, Service } from '#api'
import { getOwn } from '#machinery'
import { podField, resourceField, type NodeAmounts, type PodAddressing } from './downward.ts'
import { containersOf, initContainersOf } from './observed.ts'
import { expand } from './expansion.ts'

/** Objects that a pod refers to; undefined where there is none of that name. */
export interface Referenced {
  configMap(name: string): ConfigMap | undefined
  secret(name: string): Secret | undefined
}

export interface EnvironmentInput extends PodAddressing, NodeAmounts {
  readonly pod: Pod
  readonly container: Container
  readonly referenced: Referenced
  /** Of the pod's namespace, and the `kubernetes` Service. */
  readonly services: readonly Service[]
}

/** The environment cannot be made now, with upstream's words for it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/**
 * The environment of a container: Services first, then envFrom, then env, in which earlier variables
 * can be referred to. Throws a ConfigError for what is missing.
 */
export function environment(input: EnvironmentInput): ReadonlyMap<string, string> {
  const { container, services } = input
  const made = new Map<string, string>()
  for (const source of container.envFrom ?? []) {
    for (const [key, value] of Object.entries(sourceData(input, source))) {
      made.set(`${source.prefix ?? ''}${key}`, value)
    }
  }
  const ofServices = serviceEnvironment(services, input.pod)
  const valueOf = (name: string) => made.get(name) ?? ofServices.get(name)
  for (const variable of container.env ?? []) {
    const value = variableValue(input, variable, valueOf)
    if (value !== undefined) made.set(variable.name, value)
  }
  return new Map([...ofServices, ...made])
}

type EnvFrom = NonNullable<Container['envFrom']>[number]

function sourceData(
  { referenced }: EnvironmentInput,
  { configMapRef, secretRef }: EnvFrom,
): Readonly<Record<string, string>> {
  if (configMapRef !== undefined) {
    const found = referenced.configMap(configMapRef.name ?? '')
    if (found === undefined && configMapRef.optional !== true) {
      throw new ConfigError(`configmap "${configMapRef.name ?? ''}" not found`)
    }
    return found?.data ?? {}
  }
  if (secretRef === undefined) return {}
  const found = referenced.secret(secretRef.name ?? '')
  if (found === undefined && secretRef.optional !== true) {
    throw new ConfigError(`secret "${secretRef.name ?? ''}" not found`)
  }
  const data = Object.entries(found?.data ?? {})
  return Object.fromEntries(data.map(([key, value]) => [key, textOf(value)]))
}

function variableValue(
  input: EnvironmentInput,
  { value, valueFrom }: EnvVar,
  valueOf: (name: string) => string | undefined,
): string | undefined {
  if (valueFrom === undefined) return expand(value ?? '', valueOf)
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = valueFrom
  const { pod, container, referenced } = input
  const key = (kind: string, name: string | undefined, wanted: string) =>
    `couldn't find key ${wanted} in ${kind} ${pod.metadata.namespace ?? ''}/${name ?? ''}`
  if (fieldRef !== undefined) {
    const found = podField(pod, fieldRef.fieldPath, input)
    if (found === undefined) throw new ConfigError(`unsupported fieldPath: ${fieldRef.fieldPath}`)
    return found
  }
  if (resourceFieldRef !== undefined) {
    const { containerName = container.name } = resourceFieldRef
    const of = [...containersOf(pod), ...initContainersOf(pod)].find(
      ({ name }) => name === containerName,
    )
    return of === undefined ? undefined : resourceField(of, resourceFieldRef, input)
  }
  if (configMapKeyRef !== undefined) {
    const found = referenced.configMap(configMapKeyRef.name ?? '')
    const data = getOwn(found?.data ?? {}, configMapKeyRef.key)
    if (data !== undefined || configMapKeyRef.optional === true) return data
    if (found === undefined) {
      throw new ConfigError(`configmap "${configMapKeyRef.name ?? ''}" not found`)
    }
    throw new ConfigError(key('ConfigMap', configMapKeyRef.name, configMapKeyRef.key))
  }
  if (secretKeyRef !== undefined) {
    const found = referenced.secret(secretKeyRef.name ?? '')
    const data = getOwn(found?.data ?? {}, secretKeyRef.key)
    if (data !== undefined) return textOf(data)
    if (secretKeyRef.optional === true) return undefined
    if (found === undefined) throw new ConfigError(`secret "${secretKeyRef.name ?? ''}" not found`)
    throw new ConfigError(key('Secret', secretKeyRef.name, secretKeyRef.key))
  }
  return undefined
}

function textOf(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8')
}

/** What Docker's links once set, for Services that have an address of their own. */
export function serviceEnvironment(
  services: readonly Service[],
  pod: Pod,
): ReadonlyMap<string, string> {
  const made = new Map<string, string>()
  for (const { metadata, spec } of services) {
    const isMaster = metadata.namespace === 'default' && metadata.name === 'kubernetes'
    const linked =
      pod.spec.enableServiceLinks !== false && metadata.namespace === pod.metadata.namespace
    const ip = spec.clusterIP ?? ''
    if (ip === '' || ip === 'None' || !(isMaster || linked)) continue
    const prefix = (metadata.name ?? '').toUpperCase().replaceAll('-', '_')
    const [first] = spec.ports ?? []
    if (first === undefined) continue
    made.set(`${prefix}_SERVICE_HOST`, ip)
    made.set(`${prefix}_SERVICE_PORT`, String(first.port))
    for (const { name = '', port } of spec.ports ?? []) {
      if (name === '') continue
      made.set(`${prefix}_SERVICE_PORT_${name.toUpperCase().replaceAll('-', '_')}`, String(port))
    }
    const host = ip.includes(':') ? `[${ip}]` : ip
    const url = (protocol: string, port: number) => `${protocol}://${host}:${port}`
    made.set(`${prefix}_PORT`, url((first.protocol ?? 'TCP').toLowerCase(), first.port))
    for (const { protocol = 'TCP', port } of spec.ports ?? []) {
      const one = `${prefix}_PORT_${port}_${protocol}`
      made.set(one, url(protocol.toLowerCase(), port))
      made.set(`${one}_PROTO`, protocol.toLowerCase())
      made.set(`${one}_PORT`, String(port))
      made.set(`${one}_ADDR`, ip)
    }
  }
  return made
}
