import { parseTime } from '#base'

/** What a request asks of a container's log, as a kubelet reads its query. */
export interface LogQuery {
  readonly follow: boolean
  readonly previous: boolean
  readonly timestamps: boolean
  /** Lines since then. */
  readonly sinceMs: number | undefined
  readonly tailLines: number | undefined
  readonly limitBytes: number | undefined
}

/** Throws an Error that names what cannot be read. */
export function logQuery(query: URLSearchParams, nowMs: number): LogQuery {
  const seconds = integer(query, 'sinceSeconds', 1)
  const time = query.get('sinceTime') ?? ''
  const sinceTimeMs = time === '' ? undefined : parseTime(time)
  if (time !== '' && sinceTimeMs === undefined) throw new Error(`sinceTime: ${time} is no time`)
  return {
    follow: query.get('follow') === 'true',
    previous: query.get('previous') === 'true',
    timestamps: query.get('timestamps') === 'true',
    sinceMs: seconds === undefined ? sinceTimeMs : nowMs - seconds * 1000,
    tailLines: integer(query, 'tailLines', 0),
    limitBytes: integer(query, 'limitBytes', 1),
  }
}

function integer(query: URLSearchParams, name: string, min: number): number | undefined {
  const text = query.get(name) ?? ''
  if (text === '') return undefined
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= min) return value
  throw new Error(`${name}: ${text} is no number from ${min} on`)
}
