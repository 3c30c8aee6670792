export {
  controller,
  type Controller,
  type ControllerContext,
  type Keys,
  type Outcome,
  type Reconcile,
  type WatchOptions,
} from './framework/controller.ts'
export { ControllerMetrics } from './framework/metrics.ts'
export {
  runControllers,
  type ControllerServices,
  type RunningControllers,
} from './framework/run.ts'
export type { ControllerOptions, NodeLifecycleOptions } from './options.ts'
export { controllers } from './registry.ts'
