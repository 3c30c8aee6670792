import { errors, field, FieldPath, managerFromUserAgent, type FieldError } from '#machinery'
import type { Call } from './call.ts'

/** What create, update and patch have in common of their options, checked. */
export interface WriteOptions {
  readonly dryRun: boolean
  readonly fieldManager: string
  readonly fieldValidation: 'Ignore' | 'Warn' | 'Strict'
  /** Server-side apply: take over fields that others own. */
  readonly force: boolean | undefined
}

const fieldManagerMax = 128

export function readWriteOptions(call: Call, kind: string): WriteOptions {
  const { query } = call.request
  const problems: FieldError[] = []
  const validation = query.get('fieldValidation') ?? ''
  if (!['', 'Ignore', 'Warn', 'Strict'].includes(validation)) {
    problems.push(
      field.notSupported(FieldPath.root('fieldValidation'), validation, [
        'Ignore',
        'Strict',
        'Warn',
      ]),
    )
  }
  const given = query.get('fieldManager') ?? ''
  const path = FieldPath.root('fieldManager')
  if (Buffer.byteLength(given) > fieldManagerMax)
    problems.push(field.tooLong(path, fieldManagerMax))
  if (/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(given)) {
    problems.push(field.invalid(path, given, 'should only contain printable characters'))
  }
  const dryRun = readDryRun(query.getAll('dryRun'), problems)
  if (problems.length > 0) throw errors.invalid({ group: 'meta.k8s.io', kind }, '', problems)
  const force = query.get('force')
  return {
    dryRun,
    fieldManager:
      given === '' ? managerFromUserAgent(call.request.header('user-agent') ?? '') : given,
    fieldValidation: validation === 'Ignore' || validation === 'Strict' ? validation : 'Warn',
    force: force === null ? undefined : force !== 'false' && force !== '0',
  }
}

/** Only `All` is a value; a problem is added for any other. */
export function readDryRun(values: readonly string[], problems: FieldError[]): boolean {
  const wrong = values.filter((value) => value !== 'All')
  if (wrong.length > 0) {
    problems.push(field.notSupported(FieldPath.root('dryRun'), wrong.join(','), ['All']))
  }
  return values.length > 0
}
