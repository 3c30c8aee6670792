export type { ClusterEvent, QueueingHint } from './framework/cluster-event.ts'
export type { Diagnosis } from './framework/diagnosis.ts'
export type {
  Handle,
  Plugin,
  PluginFactory,
  PostFilterResult,
  PreFilterResult,
  RowFilter,
  Scorer,
  Waiting,
} from './framework/plugin.ts'
export {
  defaultProfile,
  defaultSchedulerName,
  type Profile,
  type ProfilePlugin,
} from './framework/profile.ts'
export { Status, type StatusCode } from './framework/status.ts'
export type { NodeTable } from './node-table/node-table.ts'
export type { HostPort, PodInfo, PodShape } from './pod-info.ts'
export type { QueuePlace } from './queue/scheduling-queue.ts'
export { startScheduler, type Scheduler, type SchedulerOptions } from './scheduler.ts'
