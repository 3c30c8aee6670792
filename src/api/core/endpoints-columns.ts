import { formatFirst } from '../columns.ts'
import type { EndpointSubset } from './endpoints.ts'

const shownMax = 3

/** The first addresses with each of their ports. */
export function formatEndpoints(subsets: readonly EndpointSubset[] | undefined): string {
  if (subsets === undefined) return '<none>'
  const all = subsets.flatMap(({ addresses = [], ports = [] }) => {
    if (ports.length === 0) return addresses.map(({ ip }) => ip)
    return ports.flatMap(({ port }) => addresses.map(({ ip }) => joinHostPort(ip, port)))
  })
  return formatFirst(all, shownMax) || '<none>'
}

function joinHostPort(ip: string, port: number): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`
}
