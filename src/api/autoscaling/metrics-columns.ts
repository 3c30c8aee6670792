import type {
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from './horizontal-pod-autoscaler.ts'

const shownMax = 2

/** What kubectl shows of an autoscaler's metrics: `cpu: 10%/50%`, current before target. */
export function formatMetrics(
  specs: readonly MetricSpec[] | undefined,
  statuses: readonly MetricStatus[] | null,
): string {
  if (specs === undefined) return '<none>'
  const texts = specs.map((spec, at) => formatMetric(spec, statuses?.[at]))
  const shown = texts.slice(0, shownMax).join(', ')
  return texts.length > shownMax ? `${shown} + ${texts.length - shownMax} more...` : shown
}

function formatMetric(spec: MetricSpec, status: MetricStatus | undefined): string {
  switch (spec.type) {
    case 'External':
      return spec.external === undefined
        ? ''
        : formatAmount(spec.external.target, status?.external?.current)
    case 'Object':
      return spec.object === undefined
        ? ''
        : formatAmount(spec.object.target, status?.object?.current)
    case 'Pods':
      return `${status?.pods?.current.averageValue ?? unknown}/${spec.pods?.target.averageValue ?? '0'}`
    case 'Resource':
      return formatResource(spec.resource, status?.resource?.current)
    case 'ContainerResource':
      return formatResource(spec.containerResource, status?.containerResource?.current)
  }
}

function formatAmount(target: MetricTarget, current: MetricValueStatus | undefined): string {
  if (target.averageValue !== undefined) {
    return `${current?.averageValue ?? unknown}/${target.averageValue} (avg)`
  }
  return `${current?.value ?? unknown}/${target.value ?? '0'}`
}

function formatResource(
  metric: { readonly name: string; readonly target: MetricTarget } | undefined,
  current: MetricValueStatus | undefined,
): string {
  if (metric === undefined) return ''
  const { name, target } = metric
  if (target.averageValue !== undefined) {
    return `${name}: ${current?.averageValue ?? unknown}/${target.averageValue}`
  }
  const share = (value: number | undefined, absent: string) =>
    value === undefined ? absent : `${value}%`
  const used = share(current?.averageUtilization, unknown)
  return `${name}: ${used}/${share(target.averageUtilization, '<auto>')}`
}

const unknown = '<unknown>'
