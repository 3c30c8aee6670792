import { field, FieldPath, type FieldError, type Whole } from '#machinery'
import { unchanged } from '../immutable.ts'
import { metadataPath, oneOfValues } from '../validation.ts'
import type { PriorityClassSchema } from './priority-class.ts'

type PriorityClass = Whole<typeof PriorityClassSchema>

/** What users may ask for; above it is the system. */
const userValueMax = 1_000_000_000
const systemPrefix = 'system-'
const systemClasses: readonly (readonly [name: string, value: number])[] = [
  ['system-node-critical', 2_000_001_000],
  ['system-cluster-critical', 2_000_000_000],
]

const policyPath = FieldPath.root('preemptionPolicy')

export function validatePriorityClass(priority: PriorityClass): readonly FieldError[] {
  const errors: FieldError[] = []
  const { name = '' } = priority.metadata
  if (name.startsWith(systemPrefix)) {
    const why = systemProblem(name, priority)
    if (why !== undefined) {
      const reserved = `priority class names with '${systemPrefix}' prefix are reserved for system use only. error: ${why}`
      errors.push(field.forbidden(metadataPath.child('name'), reserved))
    }
  } else if (priority.value > userValueMax) {
    const why = `maximum allowed value of a user defined priority is ${userValueMax}`
    errors.push(field.forbidden(FieldPath.root('value'), why))
  }
  const policies = ['PreemptLowerPriority', 'Never']
  return [...errors, ...oneOfValues(policyPath, priority.preemptionPolicy, policies, true)]
}

function systemProblem(name: string, { value, globalDefault = false }: PriorityClass) {
  const known = systemClasses.find((entry) => entry[0] === name)
  if (known === undefined) return `${name} is not a known system priority class`
  if (value !== known[1]) return `value of ${name} PriorityClass must be ${known[1]}`
  return globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined
}

/** Pods carry the value they were admitted with, so what a class means stays. */
export function validatePriorityClassUpdate(
  priority: PriorityClass,
  old: PriorityClass,
): readonly FieldError[] {
  const errors = [...unchanged(policyPath, priority.preemptionPolicy, old.preemptionPolicy)]
  if (priority.value === old.value) return errors
  return [field.forbidden(FieldPath.root('value'), 'may not be changed in an update.'), ...errors]
}
