import { StatusError } from '#machinery'

/** The server makes nothing new in a namespace that is going: no failure worth another try. */
export function isNamespaceTerminating(error: unknown): boolean {
  if (!(error instanceof StatusError)) return false
  const causes = error.status.details?.causes ?? []
  return causes.some(({ reason }) => reason === 'NamespaceTerminating')
}
