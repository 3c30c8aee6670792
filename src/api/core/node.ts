import {
  boolean,
  type InputObjectOf,
  item,
  list,
  type Whole,
  pointer,
  type ReadOf,
  resource,
  string,
  struct,
  time,
  value,
} from '#machinery'
import { nodeColumns } from './node-columns.ts'
import { NodeConfigSource } from './node-config-source.ts'
import { NodeStatus } from './node-status.ts'
import { validateNode, validateNodeUpdate } from './node-validation.ts'

export const NodeSchema = struct('io.k8s.api.core.v1.Node', () => ({
  spec: value(NodeSpec, 2),
  status: value(NodeStatus, 3),
}))

export const NodeSpec = struct('io.k8s.api.core.v1.NodeSpec', () => ({
  podCIDR: string(1),
  podCIDRs: list(item.string, 7).set().patch('merge'),
  providerID: string(3),
  unschedulable: boolean(4),
  taints: list(Taint, 5),
  configSource: pointer(NodeConfigSource, 6),
  externalID: string(2),
}))
export type NodeSpec = ReadOf<typeof NodeSpec>

export const Taint = struct('io.k8s.api.core.v1.Taint', () => ({
  key: string(1).emit().required(),
  value: string(2),
  effect: string(3).values('NoExecute', 'NoSchedule', 'PreferNoSchedule').emit().required(),
  timeAdded: time(4),
}))
export type Taint = ReadOf<typeof Taint>

export const Node = resource({
  name: 'nodes',
  shortNames: ['no'],
  namespaced: false,
  keepsStatusAtCreation: true,
  faces: [{ group: '', version: 'v1', kind: 'Node', schema: NodeSchema }],
  storagePath: 'minions',
  subresources: {
    status: true,
    proxy: { kind: { group: '', version: 'v1', kind: 'NodeProxyOptions' }, verbs: ['connect'] },
  },
  generation: false,
  columns: nodeColumns,
  selectableFields: [
    { path: 'spec.unschedulable', value: (node) => String(node.spec.unschedulable ?? false) },
  ],
  validate: validateNode,
  validateUpdate: validateNodeUpdate,
})
export type Node = Whole<typeof NodeSchema>
export type NodeInput = InputObjectOf<typeof Node>
