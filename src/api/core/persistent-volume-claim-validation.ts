import {
  equalJson,
  field,
  mutable,
  nameIsDNSSubdomain,
  parseQuantity,
  validateLabelSelector,
  type FieldError,
  type Mutable,
  type Whole,
} from '#machinery'
import { each, oneOfValues, optionalText, specPath } from '../validation.ts'
import type { PersistentVolumeClaimSpec } from './persistent-volume-claim-spec.ts'
import type { PersistentVolumeClaimSchema } from './persistent-volume-claim.ts'

type Claim = Whole<typeof PersistentVolumeClaimSchema>

const modes = ['ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOncePod']

export function validatePersistentVolumeClaim({ spec }: Claim): readonly FieldError[] {
  const path = specPath.child('accessModes')
  const storage = specPath.child('resources').key('storage')
  const asked = spec.resources.requests?.['storage']
  const errors: FieldError[] = []
  if ((spec.accessModes ?? []).length === 0) {
    errors.push(field.required(path, 'at least 1 access mode is required'))
  }
  if (
    (spec.accessModes ?? []).length > 1 &&
    spec.accessModes?.includes('ReadWriteOncePod') === true
  ) {
    const why = 'may not use ReadWriteOncePod with other access modes'
    errors.push(field.forbidden(path, why))
  }
  if (asked === undefined) errors.push(field.required(storage))
  else if (parseQuantity(asked).sign <= 0) {
    errors.push(field.invalid(storage, asked, 'must be greater than zero'))
  }
  return [
    ...validateLabelSelector(spec.selector, specPath.child('selector')),
    ...each(path, spec.accessModes, (mode) => oneOfValues(path, mode, modes)),
    ...errors,
    ...optionalText(specPath.child('storageClassName'), spec.storageClassName, (name) =>
      nameIsDNSSubdomain(name, false),
    ),
    ...oneOfValues(specPath.child('volumeMode'), spec.volumeMode, ['Block', 'Filesystem']),
  ]
}

/** A claim may find its volume and its class, and grow once it is bound; the rest stays. */
export function validatePersistentVolumeClaimUpdate(
  claim: Claim,
  old: Claim,
): readonly FieldError[] {
  const errors = [...validatePersistentVolumeClaim(claim)]
  const allowed = mutable(claim.spec)
  if (old.spec.volumeName === undefined) delete allowed.volumeName
  if (old.spec.storageClassName === undefined) delete allowed.storageClassName
  takeRequests(allowed, old.spec)
  if (old.status.phase === 'Bound') takeClass(allowed, old.spec)
  if (!equalJson(allowed, old.spec)) {
    const why =
      'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims'
    return [...errors, field.forbidden(specPath, why)]
  }
  return [...errors, ...validateGrowth(claim, old)]
}

function takeRequests(
  spec: Mutable<PersistentVolumeClaimSpec>,
  old: PersistentVolumeClaimSpec,
): void {
  spec.resources = {
    ...spec.resources,
    ...(old.resources.requests === undefined ? {} : { requests: { ...old.resources.requests } }),
  }
}

function takeClass(spec: Mutable<PersistentVolumeClaimSpec>, old: PersistentVolumeClaimSpec): void {
  if (old.volumeAttributesClassName === undefined) delete spec.volumeAttributesClassName
  else spec.volumeAttributesClassName = old.volumeAttributesClassName
}

function validateGrowth(claim: Claim, old: Claim): readonly FieldError[] {
  const next = claim.spec.resources.requests?.['storage']
  const before = old.spec.resources.requests?.['storage']
  if (next === undefined || before === undefined || next === before) return []
  if (old.status.phase !== 'Bound') {
    const why =
      'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims'
    return [field.forbidden(specPath, why)]
  }
  const least = parseQuantity(old.status.capacity?.['storage'] ?? before)
  const path = specPath.child('resources', 'requests', 'storage')
  const size = parseQuantity(next)
  if (size.compare(parseQuantity(before)) >= 0) return []
  // A request that was not met yet may be taken back, though not below what there is (KEP-1790).
  if (size.compare(least) > 0) return []
  const why = 'field can not be less than status.capacity'
  return [field.forbidden(path, why)]
}
