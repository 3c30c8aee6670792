import { connect } from 'node:net'
import type { Container, ExecAction, GRPCAction, HTTPGetAction, TCPSocketAction } from '#api'
import { asError, TimeoutError, withTimeout, type Clock } from '#base'
import { KubeletError } from '../error.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { probeGrpc } from './grpc-probe.ts'
import { probeHttp } from './http-probe.ts'
import { bracketed, dialText, portNumber } from './network-target.ts'

/** Something to be asked in or of a container: a probe, or a hook of its life. */
export interface Handler {
  readonly exec?: ExecAction
  readonly httpGet?: HTTPGetAction
  readonly tcpSocket?: TCPSocketAction
  readonly grpc?: GRPCAction
}

export interface Target {
  readonly container: Container
  readonly containerId: string
  readonly podIp: string
}

export interface ProbeResult {
  readonly ok: boolean
  /** It could not be asked: nothing is known of it. */
  readonly unknown?: true
  /** Of HTTP: there was an answer, but not one of success. */
  readonly answered?: true
  /** For people. */
  readonly output: string
}

/** Asks containers: in them by the runtime, over the network from the process' own namespace. */
export interface Prober {
  /** Never rejects: what fails is a result that is not ok. */
  probe(handler: Handler, target: Target, timeoutSeconds: number): Promise<ProbeResult>
}

const outputBytesMax = 10 * 1024

export function realProber(runtime: Runtime, clock: Clock): Prober {
  return {
    async probe(handler, target, timeoutSeconds) {
      try {
        if (handler.exec !== undefined) {
          return await probeExec(runtime, handler.exec, target, timeoutSeconds)
        }
        if (handler.httpGet !== undefined) {
          return await probeHttp(handler.httpGet, target, timeoutSeconds * 1000, clock)
        }
        if (handler.tcpSocket !== undefined) {
          return await probeTcp(handler.tcpSocket, target, timeoutSeconds * 1000, clock)
        }
        if (handler.grpc !== undefined) {
          return await probeGrpc(handler.grpc, target, timeoutSeconds * 1000, clock)
        }
        return { ok: false, unknown: true, output: 'this sort of probe is not supported' }
      } catch (error) {
        return { ok: false, unknown: true, output: asError(error).message }
      }
    },
  }
}

async function probeExec(
  runtime: Runtime,
  { command = [] }: ExecAction,
  { containerId }: Target,
  timeoutSeconds: number,
): Promise<ProbeResult> {
  try {
    const { exitCode, stdout, stderr } = await runtime.exec(containerId, command, timeoutSeconds)
    return { ok: exitCode === 0, output: `${stdout}${stderr}`.slice(0, outputBytesMax) }
  } catch (error) {
    if (!(error instanceof KubeletError && error.reason === 'DeadlineExceeded')) throw error
    const words = JSON.stringify(command.join(' '))
    return { ok: false, output: `command timed out: ${words} timed out after ${timeoutSeconds}s` }
  }
}

async function probeTcp(
  action: TCPSocketAction,
  target: Target,
  timeoutMs: number,
  clock: Clock,
): Promise<ProbeResult> {
  const host = action.host === undefined || action.host === '' ? target.podIp : action.host
  const port = portNumber(action.port, target.container)
  const socket = connect({ host, port })
  const opened = new Promise<void>((resolve, reject) => {
    socket.on('connect', () => resolve())
    socket.on('error', reject)
  })
  try {
    await withTimeout(clock, opened, timeoutMs, 'a probe')
    return { ok: true, output: '' }
  } catch (error) {
    const late = error instanceof TimeoutError
    const output = late
      ? `dial tcp ${bracketed(host)}:${port}: i/o timeout`
      : dialText(error, host, port)
    return { ok: false, output }
  } finally {
    socket.destroy()
  }
}
