import { errorFromResponse, errors, type StatusError } from '#machinery'

/** A kubelet that does not give a log, as the client hears of it. */
export function logRefusal(code: number, text: string, podName: string): StatusError {
  if (code === 500) return errors.internalError(new Error(text))
  if (code === 400) return errors.badRequest(text)
  const resource = { group: '', resource: 'pods/log' }
  return errorFromResponse({ code, verb: '', resource, name: podName, body: text })
}
