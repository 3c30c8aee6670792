import { Pod, PriorityClass } from '#api'
import type { Mutable } from '#machinery'
import type { Lookup } from '../lookup.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import { refusal } from './refusal.ts'

const priorityClasses = { group: 'scheduling.k8s.io', resource: 'priorityclasses' }

/** Turns a pod's priority class into its priority, and keeps at most one class the default. */
export function priority(lookup: Lookup): AdmissionPlugin {
  return {
    name: 'Priority',
    admit(attributes) {
      const { operation, resource, subresource } = attributes
      if (resource !== Pod || subresource !== '') return
      if (operation === 'CREATE') settle(lookup, attributes)
      else if (operation === 'UPDATE') keep(attributes)
    },
    validate(attributes) {
      const { operation, resource, object } = attributes
      if (resource !== PriorityClass || (operation !== 'CREATE' && operation !== 'UPDATE')) return
      const { globalDefault, metadata } = object as Mutable<PriorityClass>
      if (globalDefault !== true) return
      const present = defaultClass(lookup)
      if (present === undefined) return
      const name = present.metadata.name ?? ''
      if (operation === 'UPDATE' && name === metadata.name) return
      throw refusal(
        attributes,
        `PriorityClass ${name} is already marked as default. Only one default can exist`,
      )
    },
  }
}

function settle(lookup: Lookup, attributes: AdmissionAttributes): void {
  const { spec } = attributes.object as Mutable<Pod>
  const { priorityClassName = '' } = spec
  const found =
    priorityClassName === ''
      ? defaultClass(lookup)
      : lookup.get<PriorityClass>(priorityClasses, '', priorityClassName)
  if (found === undefined && priorityClassName !== '') {
    throw refusal(attributes, `no PriorityClass with name ${priorityClassName} was found`)
  }
  const value = found?.value ?? 0
  const policy = found?.preemptionPolicy ?? 'PreemptLowerPriority'
  if (spec.priority !== undefined && spec.priority !== value) {
    throw refusal(
      attributes,
      `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
    )
  }
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy) {
    throw refusal(
      attributes,
      `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
    )
  }
  if (found?.metadata.name !== undefined) spec.priorityClassName = found.metadata.name
  spec.priority = value
  spec.preemptionPolicy = policy === 'Never' ? 'Never' : 'PreemptLowerPriority'
}

/** A client that does not know the fields must not seem to take them away. */
function keep({ object, old }: AdmissionAttributes): void {
  const { spec } = object as Mutable<Pod>
  const before = (old as Pod).spec
  if (spec.priority === undefined && before.priority !== undefined) spec.priority = before.priority
  if (spec.preemptionPolicy === undefined && before.preemptionPolicy !== undefined) {
    spec.preemptionPolicy = before.preemptionPolicy
  }
}

/** Several can only come from a race; the one of least value is the one that counts. */
function defaultClass(lookup: Lookup): PriorityClass | undefined {
  let least: PriorityClass | undefined
  for (const one of lookup.list<PriorityClass>(priorityClasses)) {
    if (one.globalDefault === true && one.value < (least?.value ?? Infinity)) least = one
  }
  return least
}
