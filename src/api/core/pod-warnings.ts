import type { PodSpec } from './pod-spec.ts'

/** What is allowed in a pod but hardly meant; paths as upstream shows them. */
export function podWarnings(spec: PodSpec, path = 'spec'): readonly string[] {
  const warnings: string[] = []
  for (const [at, volume] of (spec.volumes ?? []).entries()) {
    if (volume.gitRepo === undefined) continue
    warnings.push(
      `${path}.volumes[${at}].gitRepo: deprecated in v1.11, and disabled by default in v1.33+`,
    )
  }
  for (const name of ['containers', 'initContainers'] as const) {
    for (const [at, container] of (spec[name] ?? []).entries()) {
      const seen = new Set<string>()
      for (const [item, variable] of (container.env ?? []).entries()) {
        if (seen.has(variable.name)) {
          warnings.push(
            `${path}.${name}[${at}].env[${item}]: hides previous definition of "${variable.name}", which may be dropped when using apply`,
          )
        }
        seen.add(variable.name)
      }
    }
  }
  return warnings
}
