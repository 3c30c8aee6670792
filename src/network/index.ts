export { podNetwork, type NetworkConfiguration, type PodNetworkOptions } from './cni.ts'
export { keepDnsStandIns, type DnsStandInsOptions } from './dns-stand-ins.ts'
export { NetworkError, type NetworkErrorReason } from './error.ts'
export {
  fabric,
  isForwarding,
  stopForwarding,
  type Fabric,
  type FabricNode,
  type FabricOptions,
} from './fabric.ts'
export { prepareNodeNetwork, removeNodeNetwork, type NodeNetworkOptions } from './node-network.ts'
export { keepNodeRoutes, type NodeRoutesOptions } from './node-routes.ts'
