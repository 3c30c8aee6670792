import { StatusError } from '../status.ts'

/** A failure upstream has no reason for: clients see a 500 with nothing but the message. */
export function unclassified(message: string): StatusError {
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    code: 500,
  })
}
