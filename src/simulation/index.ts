export { annotations as simulationAnnotations } from './nodes/behaviour.ts'
export { nodeName, simulatedLabel, type NodeSize } from './nodes/node-object.ts'
export { SimulatedNodes, type SimulatedNodesOptions } from './nodes/simulated-nodes.ts'
