import { parseTime } from '#base'
import { errors, field, FieldPath, type FieldError } from '#machinery'
import { queryInteger, querySwitch } from '../connect-query.ts'

/** What of a log is asked for: the query of a kubelet's, and how that kubelet is to be reached. */
export interface LogOptions {
  readonly query: URLSearchParams
  readonly insecure: boolean
}

/**
 * Reads a PodLogOptions from a request's query. Throws a 400 for what cannot be read and a 422 for
 * what makes no sense; the container is not looked at.
 */
export function logOptions(podName: string, query: URLSearchParams): LogOptions {
  const integers = {
    sinceSeconds: queryInteger(query, 'sinceSeconds'),
    tailLines: queryInteger(query, 'tailLines'),
    limitBytes: queryInteger(query, 'limitBytes'),
  }
  const sinceTime = query.get('sinceTime') ?? ''
  const stream = query.get('stream') ?? ''
  if (sinceTime !== '' && parseTime(sinceTime) === undefined) {
    throw errors.badRequest(
      `parsing time ${JSON.stringify(sinceTime)} as "2006-01-02T15:04:05Z07:00": cannot parse`,
    )
  }
  const problems = problemsOf({ ...integers, sinceTime, stream })
  if (problems.length > 0) {
    throw errors.invalid({ group: '', kind: 'PodLogOptions' }, podName, problems)
  }
  const asked = new URLSearchParams()
  for (const name of ['follow', 'previous', 'timestamps']) {
    if (querySwitch(query, name)) asked.set(name, 'true')
  }
  for (const [name, value] of Object.entries(integers)) {
    if (value !== undefined) asked.set(name, String(value))
  }
  if (sinceTime !== '') asked.set('sinceTime', sinceTime)
  if (stream !== '') asked.set('stream', stream)
  return { query: asked, insecure: querySwitch(query, 'insecureSkipTLSVerifyBackend') }
}

interface Values {
  readonly sinceSeconds: bigint | undefined
  readonly sinceTime: string
  readonly tailLines: bigint | undefined
  readonly limitBytes: bigint | undefined
  readonly stream: string
}

function problemsOf(values: Values): FieldError[] {
  const { sinceSeconds, sinceTime, tailLines, limitBytes, stream } = values
  const problems: FieldError[] = []
  const refuse = (name: string, value: bigint, why: string) =>
    problems.push(field.invalid(FieldPath.root(name), value, why))
  if (tailLines !== undefined && tailLines < 0n) {
    refuse('tailLines', tailLines, 'must be greater than or equal to 0')
  }
  if (limitBytes !== undefined && limitBytes < 1n) {
    refuse('limitBytes', limitBytes, 'must be greater than 0')
  }
  if (sinceSeconds !== undefined && sinceTime !== '') {
    const why = 'at most one of `sinceTime` or `sinceSeconds` may be specified'
    problems.push(field.forbidden(FieldPath.root(''), why))
  } else if (sinceSeconds !== undefined && sinceSeconds < 1n) {
    refuse('sinceSeconds', sinceSeconds, 'must be greater than 0')
  }
  if (stream !== '' && !streams.includes(stream)) {
    problems.push(field.notSupported(FieldPath.root('stream'), stream, streams))
  }
  if (tailLines !== undefined && stream !== '' && stream !== 'All') {
    const why = '`tailLines` and specific `stream` are mutually exclusive for now'
    problems.push(field.forbidden(FieldPath.root(''), why))
  }
  return problems
}

const streams = ['All', 'Stderr', 'Stdout']
