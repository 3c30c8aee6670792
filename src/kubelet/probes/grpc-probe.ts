import { Client, credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js'
import type { GRPCAction } from '#api'
import { asError, type Clock } from '#base'
import { bracketed } from './network-target.ts'
import type { ProbeResult, Target } from './prober.ts'

const check = '/grpc.health.v1.Health/Check'
/** Of grpc.health.v1.HealthCheckResponse. */
const servingStatuses = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN']
const serving = 1

/** Asks a server of grpc.health.v1, without TLS; answers are worded as upstream's. */
export async function probeGrpc(
  { port, service }: GRPCAction,
  { podIp }: Target,
  timeoutMs: number,
  clock: Clock,
): Promise<ProbeResult> {
  const address = `${bracketed(podIp)}:${port}`
  const client = new Client(address, credentials.createInsecure(), {
    'grpc.primary_user_agent': 'kube-probe/1.36',
    'grpc.enable_retries': 0,
    'grpc.use_local_subchannel_pool': 1,
  })
  try {
    const found = await new Promise<number>((resolve, reject) => {
      client.makeUnaryRequest(
        check,
        encodeRequest,
        decodeResponse,
        service ?? '',
        new Metadata(),
        { deadline: clock.now() + timeoutMs },
        (error, value) => {
          if (error !== null) reject(error)
          else resolve(value ?? 0)
        },
      )
    })
    if (found === serving) return { ok: true, output: 'service healthy' }
    const name = servingStatuses[found] ?? String(found)
    return { ok: false, output: `service unhealthy (responded with "${name}")` }
  } catch (error) {
    return { ok: false, output: failureText(error, address, timeoutMs) }
  } finally {
    client.close()
  }
}

/** The service's name, as field 1. */
function encodeRequest(service: string): Buffer {
  if (service === '') return Buffer.alloc(0)
  const name = Buffer.from(service)
  return Buffer.concat([Buffer.from([0x0a, ...varint(name.length)]), name])
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)]
}

/** Field 1, a number of one byte; nothing stands for 0. */
function decodeResponse(bytes: Buffer): number {
  return bytes[0] === 0x08 ? (bytes[1] ?? 0) : 0
}

function failureText(error: unknown, address: string, timeoutMs: number): string {
  if (!isServiceError(error)) return `error: health rpc probe failed: ${asError(error).message}`
  const { code, details } = error
  switch (code) {
    case status.UNIMPLEMENTED:
      return `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${details}`
    case status.DEADLINE_EXCEEDED:
      return `timeout: health rpc did not complete within ${timeoutMs / 1000}s`
    case status.UNAVAILABLE:
      return `error: failed to connect service "${address}": ${details}`
    default:
      return `error: health rpc probe failed: ${details}`
  }
}

function isServiceError(error: unknown): error is ServiceError {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'number' &&
    'details' in error &&
    typeof error.details === 'string'
  )
}
