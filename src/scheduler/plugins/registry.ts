import type { PluginFactory } from '../framework/plugin.ts'
import { defaultBinder } from './default-binder/default-binder.ts'
import { defaultPreemption } from './default-preemption/default-preemption.ts'
import { imageLocality } from './image-locality/image-locality.ts'
import { interPodAffinity } from './inter-pod-affinity/inter-pod-affinity.ts'
import { nodeAffinity } from './node-affinity/node-affinity.ts'
import { nodeName } from './node-name/node-name.ts'
import { nodePorts } from './node-ports/node-ports.ts'
import { nodeResourcesBalancedAllocation } from './node-resources-balanced-allocation/node-resources-balanced-allocation.ts'
import { nodeResourcesFit } from './node-resources-fit/node-resources-fit.ts'
import { nodeUnschedulable } from './node-unschedulable/node-unschedulable.ts'
import { podTopologySpread } from './pod-topology-spread/pod-topology-spread.ts'
import { prioritySort } from './priority-sort/priority-sort.ts'
import { schedulingGates } from './scheduling-gates/scheduling-gates.ts'
import { taintToleration } from './taint-toleration/taint-toleration.ts'

/** All plugins there are, by the name profiles call them. */
export const registry: Readonly<Record<string, PluginFactory>> = {
  DefaultBinder: defaultBinder,
  DefaultPreemption: defaultPreemption,
  ImageLocality: imageLocality,
  InterPodAffinity: interPodAffinity,
  NodeAffinity: nodeAffinity,
  NodeName: nodeName,
  NodePorts: nodePorts,
  NodeResourcesBalancedAllocation: nodeResourcesBalancedAllocation,
  NodeResourcesFit: nodeResourcesFit,
  NodeUnschedulable: nodeUnschedulable,
  PodTopologySpread: podTopologySpread,
  PrioritySort: prioritySort,
  SchedulingGates: schedulingGates,
  TaintToleration: taintToleration,
}
