import type { Pod } from '#api'
import { errors } from '#machinery'

/** The container that is asked for, or the only one there is. Throws a 400 where it is neither. */
export function chosenContainer({ metadata, spec }: Pod, asked: string): string {
  const name = metadata.name ?? ''
  const containers = (spec.containers ?? []).map((container) => container.name)
  const inits = (spec.initContainers ?? []).map((container) => container.name)
  const ephemeral = (spec.ephemeralContainers ?? []).map((container) => container.name)
  if (asked !== '') {
    if ([...containers, ...inits, ...ephemeral].includes(asked)) return asked
    throw errors.badRequest(`container ${asked} is not valid for pod ${name}`)
  }
  const [only = '', ...others] = containers
  if (others.length === 0) return only
  const also = inits.length === 0 ? '' : ` or one of the init containers: [${inits.join(' ')}]`
  throw errors.badRequest(
    `a container name must be specified for pod ${name}, choose one of: [${containers.join(' ')}]${also}`,
  )
}
