export {
  importArchive,
  importPacked,
  nodeImages,
  type ImageOptions,
  type NodeImages,
} from './images.ts'
export { down, type DownOptions } from './down.ts'
export { logFileOf, logNames } from './logs.ts'
export type { Progress } from './progress.ts'
export { upStatus, type NodeProcesses } from './status.ts'
export { up, type UpCluster, type UpOptions, type UpSettings } from './up.ts'
export { clusterId } from './record.ts'
