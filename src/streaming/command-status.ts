/**
 * How a remote command ended: a `metav1.Status` as it stands on the error stream (v4 and v5), with
 * the fields that clients read. Older versions carry the message of a failure only.
 */
export interface CommandStatus {
  readonly kind?: 'Status'
  readonly apiVersion?: 'v1'
  readonly metadata?: object
  readonly status: 'Success' | 'Failure'
  readonly message?: string
  readonly reason?: string
  readonly details?: {
    readonly causes?: readonly { readonly reason?: string; readonly message?: string }[]
  }
  readonly code?: number
}

export const commandSucceeded: CommandStatus = { metadata: {}, status: 'Success' }

/** The command ran and ended with another code than 0. */
export function commandExited(exitCode: number, message: string): CommandStatus {
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: ${message}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
  }
}

/** The command could not be run, or what carried it broke. */
export function commandFailed(message: string): CommandStatus {
  return {
    metadata: {},
    status: 'Failure',
    message: `Internal error occurred: ${message}`,
    reason: 'InternalError',
    details: { causes: [{ message }] },
    code: 500,
  }
}

/** The code a command ended with, or undefined when it is not known to have run. */
export function exitCodeOf(status: CommandStatus): number | undefined {
  if (status.status === 'Success') return 0
  if (status.reason !== 'NonZeroExitCode') return undefined
  const cause = status.details?.causes?.find((each) => each.reason === 'ExitCode')
  const code = Number(cause?.message)
  return cause?.message !== undefined && Number.isInteger(code) ? code : undefined
}

/** The status as the error stream of a version carries it; undefined where silence says it. */
export function encodeStatus(status: CommandStatus, version: number): Buffer | undefined {
  if (version >= 4) return Buffer.from(JSON.stringify(status))
  if (status.status === 'Success') return undefined
  return Buffer.from(status.message ?? 'the command failed')
}

/** What the error stream said, all of it. Silence is success in every version. */
export function decodeStatus(bytes: Buffer, version: number): CommandStatus {
  if (bytes.length === 0) return commandSucceeded
  const text = bytes.toString('utf8')
  if (version >= 4) {
    const parsed = parse(text)
    if (parsed !== undefined) return parsed
  }
  return { metadata: {}, status: 'Failure', message: text }
}

function parse(text: string): CommandStatus | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isStatus(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isStatus(value: unknown): value is CommandStatus {
  if (typeof value !== 'object' || value === null || !('status' in value)) return false
  if (value.status !== 'Success' && value.status !== 'Failure') return false
  if ('message' in value && typeof value.message !== 'string') return false
  if ('reason' in value && typeof value.reason !== 'string') return false
  return !('details' in value) || isDetails(value.details)
}

function isDetails(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (!('causes' in value)) return true
  if (!Array.isArray(value.causes)) return false
  return value.causes.every((cause: unknown) => typeof cause === 'object' && cause !== null)
}
