/**
 * Structured logging. The message is a constant sentence, values are fields; Kubernetes objects
 * are logged as kind plus namespace/name. Libraries return errors and do not log them.
 */
export interface Log {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  /** A logger that adds these fields to every line. */
  with(fields: LogFields): Log
}

export type LogFields = Readonly<Record<string, unknown>>

/** Drops everything: for libraries used without a logger, and for tests. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  with: () => silentLog,
}
