import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect } from 'node:net'
import type { Container, ExecAction, HTTPGetAction, TCPSocketAction } from '#api'
import { asError, TimeoutError, withTimeout, type Clock } from '#base'
import { KubeletError } from '../error.ts'
import type { Runtime } from '../runtime/runtime.ts'

/** Something to be asked in or of a container: a probe, or a hook of its life. */
export interface Handler {
  readonly exec?: ExecAction
  readonly httpGet?: HTTPGetAction
  readonly tcpSocket?: TCPSocketAction
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

async function probeHttp(
  action: HTTPGetAction,
  target: Target,
  timeoutMs: number,
  clock: Clock,
): Promise<ProbeResult> {
  const host = action.host === undefined || action.host === '' ? target.podIp : action.host
  const port = portNumber(action.port, target.container)
  const secure = action.scheme === 'HTTPS'
  const path = action.path ?? '/'
  const url = `${secure ? 'https' : 'http'}://${bracketed(host)}:${port}${path}`
  const headers = new Map([
    ['user-agent', 'kube-probe/1.36'],
    ['accept', '*/*'],
    ['connection', 'close'],
  ])
  for (const { name, value } of action.httpHeaders ?? []) headers.set(name.toLowerCase(), value)
  const options = { method: 'GET', headers: Object.fromEntries(headers), agent: false as const }
  const call = secure
    ? httpsRequest(url, { ...options, rejectUnauthorized: false })
    : httpRequest(url, options)
  const answer = new Promise<number>((resolve, reject) => {
    call.on('response', (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    call.on('error', reject)
    call.end()
  })
  try {
    const code = await withTimeout(clock, answer, timeoutMs, 'a probe')
    const ok = code >= 200 && code < 400
    return { ok, output: ok ? '' : `HTTP probe failed with statuscode: ${code}` }
  } catch (error) {
    const why =
      error instanceof TimeoutError
        ? 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
        : dialText(error, host, port)
    return { ok: false, output: `Get "${url}": ${why}` }
  } finally {
    call.destroy()
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

/** As Go words the commonest of them. */
function dialText(error: unknown, host: string, port: number): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const where = `dial tcp ${bracketed(host)}:${port}`
  if (code === 'ECONNREFUSED') return `${where}: connect: connection refused`
  if (code === 'EHOSTUNREACH') return `${where}: connect: no route to host`
  if (code === 'ECONNRESET') return 'read: connection reset by peer'
  return asError(error).message
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

/** A port's number, or that of the container's port of this name. */
function portNumber(port: number | string, { ports = [] }: Container): number {
  if (typeof port === 'number') return port
  const named = ports.find(({ name }) => name === port)?.containerPort
  const number = named ?? Number(port)
  if (!(number > 0 && number < 65_536)) throw new Error(`couldn't find port: ${port}`)
  return number
}
