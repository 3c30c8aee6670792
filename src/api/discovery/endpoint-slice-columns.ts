import { formatFirst } from '../columns.ts'
import type { Endpoint, EndpointSlicePort } from './endpoint-slice.ts'

const shownMax = 3

export function formatSlicePorts(ports: readonly EndpointSlicePort[] | null): string {
  const texts = (ports ?? []).map(({ port, name }) => String(port ?? (name || '*')))
  return formatFirst(texts, shownMax) || '<unset>'
}

export function formatSliceEndpoints(endpoints: readonly Endpoint[] | null): string {
  const addresses = (endpoints ?? []).flatMap((endpoint) => endpoint.addresses ?? [])
  return formatFirst(addresses, shownMax) || '<unset>'
}
