import { equalJson, field, quote, type FieldError, type FieldPath, type Whole } from '#machinery'
import { each, oneOfValues, specPath, statusPath } from '../validation.ts'
import type {
  CertificateSigningRequestCondition,
  CertificateSigningRequestSchema,
  CertificateSigningRequestSpec,
} from './certificate-signing-request.ts'
import { keyUsages } from './key-usages.ts'
import { pemBlocks } from './pem-blocks.ts'
import { validateSignerName } from './signer-name.ts'

type Request = Whole<typeof CertificateSigningRequestSchema>
type Condition = CertificateSigningRequestCondition

const conditionsPath = statusPath.child('conditions')
const certificatePath = statusPath.child('certificate')

/**
 * Everything but the signature inside the request, which takes cryptography to check: that is
 * admission's part.
 */
export function validateSigningRequest({ spec, status }: Request): readonly FieldError[] {
  return [
    ...validateSpec(spec),
    ...validateConditions(status.conditions ?? []),
    ...validateCertificate(status.certificate),
  ]
}

export const validateSigningRequestUpdate = validateUpdate({})
export const validateApproval = validateUpdate({ approves: true })
export const validateSigning = validateUpdate({ signs: true })

function validateSpec(spec: CertificateSigningRequestSpec): readonly FieldError[] {
  const errors: FieldError[] = []
  if (pemBlocks(spec.request ?? '')[0]?.type !== 'CERTIFICATE REQUEST') {
    const why = 'PEM block type must be CERTIFICATE REQUEST'
    errors.push(field.invalid(specPath.child('request'), spec.request, why))
  }
  const { usages = [] } = spec
  const path = specPath.child('usages')
  if (usages.length === 0) errors.push(field.required(path))
  const seen = new Set<string>()
  for (const [at, usage] of usages.entries()) {
    errors.push(...oneOfValues(path.index(at), usage, keyUsages))
    if (seen.has(usage)) errors.push(field.duplicate(path.index(at), usage))
    seen.add(usage)
  }
  const signerPath = specPath.child('signerName')
  if (spec.signerName === 'kubernetes.io/legacy-unknown') {
    const why = 'the legacy signerName is not allowed via this API version'
    errors.push(field.invalid(signerPath, spec.signerName, why))
  } else {
    errors.push(...validateSignerName(signerPath, spec.signerName))
  }
  if (spec.expirationSeconds !== undefined && spec.expirationSeconds < expirationSecondsMin) {
    const why = 'may not specify a duration less than 600 seconds (10 minutes)'
    errors.push(field.invalid(specPath.child('expirationSeconds'), spec.expirationSeconds, why))
  }
  return errors
}

const expirationSecondsMin = 600

function validateConditions(conditions: readonly Condition[]): readonly FieldError[] {
  const seen = new Set<string>()
  return each(conditionsPath, conditions, ({ type, status }, at) => {
    const errors: FieldError[] = []
    if (type === '') errors.push(field.required(at.child('type')))
    errors.push(...oneOfValues(at.child('status'), status, statusesOf(type), true))
    const opposite = opposites[type]
    if (opposite !== undefined && seen.has(opposite)) {
      const why = 'Approved and Denied conditions are mutually exclusive'
      errors.push(field.invalid(at.child('type'), type, why))
    }
    if (seen.has(type)) errors.push(field.duplicate(at.child('type'), type))
    seen.add(type)
    return errors
  })
}

const opposites: Readonly<Record<string, string | undefined>> = {
  Approved: 'Denied',
  Denied: 'Approved',
}
const finalTypes = ['Approved', 'Denied', 'Failed']

/** What has been decided cannot be undone, so these conditions are true or not there. */
function statusesOf(type: string): readonly string[] {
  return finalTypes.includes(type) ? ['True'] : ['False', 'True', 'Unknown']
}

function validateCertificate(certificate: string | undefined): readonly FieldError[] {
  const why = certificate === undefined ? undefined : certificateProblem(certificate)
  return why === undefined ? [] : [field.invalid(certificatePath, '<certificate data>', why)]
}

function certificateProblem(certificate: string): string | undefined {
  const blocks = pemBlocks(certificate)
  if (blocks.length === 0) return 'must contain one or more CERTIFICATE PEM blocks'
  const other = blocks.find(({ type }) => type !== 'CERTIFICATE')
  if (other !== undefined) {
    return `only CERTIFICATE PEM blocks are allowed, found ${quote(other.type)}`
  }
  return blocks.some(({ hasHeaders }) => hasHeaders)
    ? 'no PEM block headers are permitted'
    : undefined
}

/** Approval and certificate are written through doors of their own (KEP-1513). */
function validateUpdate(may: { readonly approves?: boolean; readonly signs?: boolean }) {
  return (request: Request, old: Request): readonly FieldError[] => {
    const same = request.status.certificate === old.status.certificate
    const { conditions } = request.status
    return [
      ...validateSpec(request.spec),
      ...validateConditions(conditions ?? []),
      // A certificate that got in earlier may stay.
      ...(same ? [] : validateCertificate(request.status.certificate)),
      ...finalTypes.flatMap((type) => notRemoved(conditionsPath, request, old, type)),
      ...(may.approves === true
        ? []
        : ['Approved', 'Denied'].flatMap((type) => notAdded(conditionsPath, request, old, type))),
      ...(same ? [] : validateCertificateChange(old, may.signs === true)),
    ]
  }
}

function notRemoved(
  path: FieldPath,
  request: Request,
  old: Request,
  type: string,
): readonly FieldError[] {
  if (conditionsOf(request, type).length >= conditionsOf(old, type).length) return []
  return [field.forbidden(path, `updates may not remove a condition of type ${quote(type)}`)]
}

function notAdded(
  path: FieldPath,
  request: Request,
  old: Request,
  type: string,
): readonly FieldError[] {
  const [next, before] = [conditionsOf(request, type), conditionsOf(old, type)]
  if (next.length > before.length) {
    return [field.forbidden(path, `updates may not add a condition of type ${quote(type)}`)]
  }
  if (next.length < before.length || equalJson(next, before)) return []
  const why = `updates may not modify a condition of type ${quote(type)}`
  return [field.forbidden(path, why)]
}

function conditionsOf({ status }: Request, type: string): readonly Condition[] {
  return (status.conditions ?? []).filter((condition) => condition.type === type)
}

function validateCertificateChange(old: Request, signs: boolean): readonly FieldError[] {
  if (!signs) return [field.forbidden(certificatePath, 'updates may not set certificate content')]
  if (old.status.certificate === undefined) return []
  return [field.forbidden(certificatePath, 'updates may not modify existing certificate content')]
}
