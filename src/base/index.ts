export { assert, AssertionError, must, unreachable } from './assert.ts'
export { deferred, TimeoutError, withTimeout, type Deferred } from './async.ts'
export { Backoff, type BackoffOptions } from './backoff.ts'
export {
  asError,
  formatMicroTime,
  formatTime,
  parseTime,
  realClock,
  Slice,
  sleepOn,
  type Clock,
  type Timer,
} from './clock.ts'
export { silentLog, type Log, type LogFields } from './log.ts'
export { compareUtf8, OrderedMap, type OrderedMapEditor } from './ordered-map.ts'
export { poll, type PollOptions } from './poll.ts'
export { processMetrics } from './process-metrics.ts'
export { randomSuffix, realRandom, seededRandom, type Random } from './random.ts'
export { VirtualClock } from './virtual-clock.ts'
