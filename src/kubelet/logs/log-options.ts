import { parseTime } from '#base'

/** What a client wants of a container's log; upstream's PodLogOptions. */
export interface LogOptions {
  readonly follow: boolean
  /** Of the container before the one that runs. */
  readonly previous: boolean
  readonly timestamps: boolean
  /** From the end; undefined for all. */
  readonly tailLines: number | undefined
  readonly limitBytes: number | undefined
  /** Lines written before are left out. */
  readonly sinceMs: number | undefined
  readonly streams: 'all' | 'stderr' | 'stdout'
}

/** A query that the kubelet does not take; worded and numbered as upstream does. */
export class LogOptionsError extends Error {
  override readonly name = 'LogOptionsError'
  readonly code: 400 | 422

  constructor(code: 400 | 422) {
    const words = code === 400 ? 'Unable to decode query.' : 'Invalid request.'
    super(JSON.stringify({ message: words }).replace(':', ': '))
    this.code = code
  }
}

/** Reads the query of a request for logs. Throws LogOptionsError. */
export function logOptions(query: URLSearchParams, nowMs: number): LogOptions {
  const sinceSeconds = integer(query, 'sinceSeconds')
  const sinceTimeMs = time(query, 'sinceTime')
  const limitBytes = integer(query, 'limitBytes')
  const stream = query.get('stream') ?? 'All'
  const tailLines = tail(query)
  const valid =
    (tailLines ?? 0) >= 0 &&
    (limitBytes ?? 1) >= 1 &&
    (sinceSeconds ?? 1) >= 1 &&
    (sinceSeconds === undefined || sinceTimeMs === undefined) &&
    Object.hasOwn(streamNames, stream) &&
    (stream === 'All' || tailLines === undefined)
  if (!valid) throw new LogOptionsError(422)
  return {
    follow: flag(query, 'follow'),
    previous: flag(query, 'previous'),
    timestamps: flag(query, 'timestamps'),
    tailLines,
    limitBytes,
    sinceMs: sinceSeconds === undefined ? sinceTimeMs : nowMs - sinceSeconds * 1000,
    streams: new Map(Object.entries(streamNames)).get(stream) ?? 'all',
  }
}

const streamNames = { All: 'all', Stdout: 'stdout', Stderr: 'stderr' } as const

/** The older name of `tailLines` goes before it; there, `all` is no limit. */
function tail(query: URLSearchParams): number | undefined {
  const older = query.get('tail') ?? ''
  if (older === 'all') return undefined
  return integer(query, older === '' ? 'tailLines' : 'tail')
}

/** As upstream reads flags: what is there is true, unless it is false or 0. */
function flag(query: URLSearchParams, name: string): boolean {
  const text = query.get(name)
  return text !== null && text !== '0' && text.toLowerCase() !== 'false'
}

function integer(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name) ?? ''
  if (text === '') return undefined
  const value = Number(text)
  if (!/^[+-]?\d+$/.test(text) || !Number.isSafeInteger(value)) throw new LogOptionsError(400)
  return value
}

function time(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name) ?? ''
  if (text === '' || text === 'null') return undefined
  const at = parseTime(text)
  if (at === undefined) throw new LogOptionsError(400)
  return at
}
