import type { Whole } from '#machinery'
import { ageColumn, nameColumn, type Columns } from '../columns.ts'
import type { NodeSchema } from './node.ts'

type Node = Whole<typeof NodeSchema>

export const nodeColumns: Columns<typeof NodeSchema> = [
  nameColumn,
  { name: 'Status', value: (node) => statusText(node) },
  { name: 'Roles', value: (node) => rolesOf(node).join(',') || '<none>' },
  ageColumn,
  { name: 'Version', value: (node) => node.status.nodeInfo.kubeletVersion },
  { name: 'Internal-IP', priority: 1, value: (node) => addressOf(node, 'InternalIP') },
  { name: 'External-IP', priority: 1, value: (node) => addressOf(node, 'ExternalIP') },
  { name: 'OS-Image', priority: 1, value: (node) => node.status.nodeInfo.osImage || '<unknown>' },
  {
    name: 'Kernel-Version',
    priority: 1,
    value: (node) => node.status.nodeInfo.kernelVersion || '<unknown>',
  },
  {
    name: 'Container-Runtime',
    priority: 1,
    value: (node) => node.status.nodeInfo.containerRuntimeVersion || '<unknown>',
  },
]

function statusText(node: Node): string {
  const ready = node.status.conditions?.find(({ type }) => type === 'Ready')
  const words = ['Unknown']
  if (ready !== undefined) words[0] = ready.status === 'True' ? 'Ready' : 'NotReady'
  if (node.spec.unschedulable === true) words.push('SchedulingDisabled')
  return words.join(',')
}

const rolePrefix = 'node-role.kubernetes.io/'

function rolesOf(node: Node): readonly string[] {
  const roles = new Set<string>()
  for (const [key, value] of Object.entries(node.metadata.labels ?? {})) {
    if (key.startsWith(rolePrefix) && key !== rolePrefix) roles.add(key.slice(rolePrefix.length))
    else if (key === 'kubernetes.io/role' && value !== '') roles.add(value)
  }
  return [...roles].sort()
}

function addressOf(node: Node, type: string): string {
  return node.status.addresses?.find((address) => address.type === type)?.address ?? '<none>'
}
