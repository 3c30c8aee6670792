import { StatusError } from '#machinery'

/** An error that upstream gives no reason: a 500 with nothing but its message. */
export function unexplained(message: string): StatusError {
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    code: 500,
  })
}
