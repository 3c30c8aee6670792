import { equalJson, field, type FieldError, type Whole } from '#machinery'
import { validatePodCount } from '../pod-count.ts'
import { nonNegative, oneOfValues, specPath } from '../validation.ts'
import type { StatefulSetSchema } from './stateful-set.ts'
import { validateWorkload } from './workload-validation.ts'

type StatefulSet = Whole<typeof StatefulSetSchema>

export function validateStatefulSet({ spec }: StatefulSet): readonly FieldError[] {
  const { updateStrategy } = spec
  const path = specPath.child('updateStrategy')
  const rolling = path.child('rollingUpdate')
  return [
    ...oneOfValues(
      specPath.child('podManagementPolicy'),
      spec.podManagementPolicy,
      ['OrderedReady', 'Parallel'],
      true,
    ),
    ...oneOfValues(path.child('type'), updateStrategy.type, ['RollingUpdate', 'OnDelete'], true),
    ...(updateStrategy.type === 'OnDelete' && updateStrategy.rollingUpdate !== undefined
      ? [
          field.invalid(
            rolling,
            updateStrategy.rollingUpdate,
            "only allowed for updateStrategy 'RollingUpdate'",
          ),
        ]
      : []),
    ...nonNegative(rolling.child('partition'), updateStrategy.rollingUpdate?.partition),
    ...validatePodCount(
      updateStrategy.rollingUpdate?.maxUnavailable,
      rolling.child('maxUnavailable'),
    ),
    ...nonNegative(specPath.child('replicas'), spec.replicas),
    ...nonNegative(specPath.child('minReadySeconds'), spec.minReadySeconds),
    ...nonNegative(specPath.child('ordinals', 'start'), spec.ordinals?.start),
    ...validateWorkload(spec, 'statefulset'),
  ]
}

const changeable = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const

export function validateStatefulSetUpdate(
  set: StatefulSet,
  old: StatefulSet,
): readonly FieldError[] {
  const errors = [...validateStatefulSet(set)]
  const rest = (spec: StatefulSet['spec']) =>
    Object.fromEntries(
      Object.entries(spec).filter(([name]) => !changeable.some((field) => field === name)),
    )
  if (!equalJson(rest(set.spec), rest(old.spec))) {
    const names = changeable.map((name) => `'${name}'`)
    const list = `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`
    const why = `updates to statefulset spec for fields other than ${list} are forbidden`
    errors.push(field.forbidden(specPath, why))
  }
  return errors
}
