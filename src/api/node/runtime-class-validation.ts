import { FieldPath, isDNS1123Label, validateLabels, type FieldError, type Whole } from '#machinery'
import { validateTolerations } from '../core/affinity-validation.ts'
import { validateAmount, validateContainerResourceName } from '../core/resources-validation.ts'
import { unchanged } from '../immutable.ts'
import { problems } from '../validation.ts'
import type { RuntimeClassSchema } from './runtime-class.ts'

type RuntimeClass = Whole<typeof RuntimeClassSchema>

const handlerPath = FieldPath.root('handler')
const schedulingPath = FieldPath.root('scheduling')

export function validateRuntimeClass(runtime: RuntimeClass): readonly FieldError[] {
  const { handler, overhead, scheduling } = runtime
  const fixed = FieldPath.root('overhead', 'podFixed')
  return [
    ...problems(handlerPath, handler, isDNS1123Label(handler)),
    ...Object.entries(overhead?.podFixed ?? {}).flatMap(([name, amount]) => [
      ...validateContainerResourceName(name, fixed.key(name)),
      ...validateAmount(name, amount, fixed.key(name)),
    ]),
    ...validateLabels(scheduling?.nodeSelector, schedulingPath.child('nodeSelector')),
    ...validateTolerations(scheduling?.tolerations, schedulingPath.child('tolerations')),
  ]
}

export function validateRuntimeClassUpdate(
  runtime: RuntimeClass,
  old: RuntimeClass,
): readonly FieldError[] {
  return [...unchanged(handlerPath, runtime.handler, old.handler), ...validateRuntimeClass(runtime)]
}
