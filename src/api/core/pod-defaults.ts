import type { Mutable } from '#machinery'
import type { Container } from './container.ts'
import { aggregateContainers, isPodLevelResource } from './pod-resources.ts'
import type { PodSpec } from './pod-spec.ts'

/**
 * What pods get and templates do not: it would show up as a change of a template that nobody
 * changed. Runs before the defaults of the parts.
 */
export function defaultPodSpec(spec: Mutable<PodSpec>): void {
  spec.enableServiceLinks ??= true
  for (const containers of [spec.containers, spec.initContainers]) {
    for (const container of containers ?? []) {
      requestWhatIsLimited(container)
      if (spec.hostNetwork === true) exposeOnHost(container)
    }
  }
  defaultPodRequests(spec)
}

function requestWhatIsLimited({ resources }: Mutable<Container>): void {
  if (resources.limits === undefined) return
  resources.requests = { ...resources.limits, ...resources.requests }
}

/** On the host's network a container's port is the host's. */
function exposeOnHost({ ports = [] }: Mutable<Container>): void {
  for (const port of ports) port.hostPort ??= port.containerPort
}

/** A pod that limits resources as a whole requests what its containers do, else its limits. */
function defaultPodRequests(spec: Mutable<PodSpec>): void {
  const { resources } = spec
  if (resources === undefined) return
  const requests = { ...resources.requests }
  for (const [name, quantity] of aggregateContainers(spec, 'requests')) {
    if (isPodLevelResource(name)) requests[name] ??= quantity.toString()
  }
  for (const [name, limit] of Object.entries(resources.limits ?? {})) {
    if (isPodLevelResource(name)) requests[name] ??= limit
  }
  if (Object.keys(requests).length > 0) resources.requests = requests
}
