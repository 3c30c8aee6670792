import {
  int32,
  int64,
  intOrString,
  item,
  list,
  pointer,
  type ReadOf,
  string,
  struct,
} from '#machinery'
import { signals } from './signal.ts'

export const Lifecycle = struct('io.k8s.api.core.v1.Lifecycle', () => ({
  postStart: pointer(LifecycleHandler, 1),
  preStop: pointer(LifecycleHandler, 2),
  stopSignal: string(3)
    .values(...signals)
    .keep(),
}))
export type Lifecycle = ReadOf<typeof Lifecycle>

export const LifecycleHandler = struct('io.k8s.api.core.v1.LifecycleHandler', () => ({
  exec: pointer(ExecAction, 1),
  httpGet: pointer(HTTPGetAction, 2),
  tcpSocket: pointer(TCPSocketAction, 3),
  sleep: pointer(SleepAction, 4),
}))
export type LifecycleHandler = ReadOf<typeof LifecycleHandler>

export const ExecAction = struct('io.k8s.api.core.v1.ExecAction', () => ({
  command: list(item.string, 1),
}))
export type ExecAction = ReadOf<typeof ExecAction>

export const HTTPGetAction = struct('io.k8s.api.core.v1.HTTPGetAction', () => ({
  path: string(1).default('/'),
  port: intOrString(2).emit().required(),
  host: string(3),
  scheme: string(4).values('HTTP', 'HTTPS').default('HTTP'),
  httpHeaders: list(HTTPHeader, 5),
}))
export type HTTPGetAction = ReadOf<typeof HTTPGetAction>

export const HTTPHeader = struct('io.k8s.api.core.v1.HTTPHeader', () => ({
  name: string(1).emit().required(),
  value: string(2).emit().required(),
}))
export type HTTPHeader = ReadOf<typeof HTTPHeader>

export const TCPSocketAction = struct('io.k8s.api.core.v1.TCPSocketAction', () => ({
  port: intOrString(1).emit().required(),
  host: string(2),
}))
export type TCPSocketAction = ReadOf<typeof TCPSocketAction>

export const SleepAction = struct('io.k8s.api.core.v1.SleepAction', () => ({
  seconds: int64(1).emit().required(),
}))
export type SleepAction = ReadOf<typeof SleepAction>

export const Probe = struct('io.k8s.api.core.v1.Probe', () => ({
  exec: pointer(ExecAction, 1).inlineIn(1),
  httpGet: pointer(HTTPGetAction, 2).inlineIn(1),
  tcpSocket: pointer(TCPSocketAction, 3).inlineIn(1),
  grpc: pointer(GRPCAction, 4).inlineIn(1),
  initialDelaySeconds: int32(2),
  timeoutSeconds: int32(3).default(1),
  periodSeconds: int32(4).default(10),
  successThreshold: int32(5).default(1),
  failureThreshold: int32(6).default(3),
  terminationGracePeriodSeconds: int64(7).keep(),
}))
export type Probe = ReadOf<typeof Probe>

export const GRPCAction = struct('io.k8s.api.core.v1.GRPCAction', () => ({
  port: int32(1).emit().required(),
  service: string(2).orNull().default(''),
}))
export type GRPCAction = ReadOf<typeof GRPCAction>
