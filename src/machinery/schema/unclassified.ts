import { badRequest, type StatusError } from '../status.ts'

/**
 * A patch that fails in a way that upstream has no reason for.
 *
 * Differs from Kubernetes: there it is a 500 with nothing but the message. What a client sends is
 * never the server's failure here, so it is a BadRequest with the same message.
 */
export function unclassified(message: string): StatusError {
  return badRequest(message)
}
