import {
  equalJson,
  field,
  selectorFromObject,
  validateLabelSelector,
  type FieldError,
  type FieldPath,
} from '#machinery'
import { validatePodTemplateSpec } from '../core/pod-spec-validation.ts'
import type { PodTemplateSpec } from '../core/pod-template-spec.ts'
import type { LabelSelector } from '../meta/label-selector.ts'
import { immutableMessage, nonNegative, specPath } from '../validation.ts'

/** What Deployments, ReplicaSets, StatefulSets and DaemonSets have in common. */
export interface Workload {
  readonly selector: LabelSelector | null
  readonly template: PodTemplateSpec
}

const templatePath = specPath.child('template')

/** A selector that selects the template's pods, which run for ever. */
export function validateWorkload(
  { selector, template }: Workload,
  kind: string,
): readonly FieldError[] {
  return [
    ...validateSelector(selector, kind),
    ...validateLongRunning(template),
    ...validateSelected(selector, template),
  ]
}

function validateSelector(selector: LabelSelector | null, kind: string): readonly FieldError[] {
  const path = specPath.child('selector')
  if (selector === null) return [field.required(path)]
  const errors = validateLabelSelector(selector, path)
  if (selector.matchLabels === undefined && selector.matchExpressions === undefined) {
    errors.push(field.invalid(path, selector, `empty selector is invalid for ${kind}`))
  }
  return errors
}

/** A template of pods that run for ever. */
export function validateLongRunning(template: PodTemplateSpec): readonly FieldError[] {
  const errors = [...validatePodTemplateSpec(template, templatePath)]
  const { restartPolicy, activeDeadlineSeconds } = template.spec
  if (restartPolicy !== 'Always') {
    const at = templatePath.child('spec', 'restartPolicy')
    errors.push(field.notSupported(at, restartPolicy, ['Always']))
  }
  if (activeDeadlineSeconds !== undefined) {
    const why = 'activeDeadlineSeconds in ReplicaSet is not Supported'
    errors.push(field.forbidden(templatePath.child('spec', 'activeDeadlineSeconds'), why))
  }
  return errors
}

function validateSelected(
  selector: LabelSelector | null,
  template: PodTemplateSpec,
): readonly FieldError[] {
  const path = specPath.child('selector')
  if (selector === null || validateLabelSelector(selector, path).length > 0) return []
  const { labels = {} } = template.metadata
  if (selectorFromObject(selector).matches(labels)) return []
  const why = '`selector` does not match template `labels`'
  return [field.invalid(templatePath.child('metadata', 'labels'), labels, why)]
}

export function validateSelectorKept(spec: Workload, old: Workload): readonly FieldError[] {
  if (equalJson(spec.selector, old.selector)) return []
  return [field.invalid(specPath.child('selector'), spec.selector, immutableMessage)]
}

/** Counts of a status: none is negative, and no part exceeds the whole. */
export function validateCounts(
  status: object,
  path: FieldPath,
  whole: string,
  parts: readonly string[],
): readonly FieldError[] {
  const count = (name: string): number => Number(Reflect.get(status, name) ?? 0)
  const limit = count(whole)
  return [
    ...[whole, ...parts].flatMap((name) => nonNegative(path.child(name), count(name))),
    ...parts
      .filter((name) => count(name) > limit)
      .map((name) =>
        field.invalid(path.child(name), count(name), `cannot be greater than status.${whole}`),
      ),
  ]
}
