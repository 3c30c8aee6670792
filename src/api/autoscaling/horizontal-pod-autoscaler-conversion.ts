import { type Json, type ObjectDraft } from '#machinery'
import type {
  HorizontalPodAutoscalerSpec,
  HorizontalPodAutoscalerStatus,
  MetricSpec,
  MetricStatus,
} from './horizontal-pod-autoscaler.ts'
import type {
  HorizontalPodAutoscalerSpecV1,
  HorizontalPodAutoscalerStatusV1,
} from './horizontal-pod-autoscaler-v1.ts'
import {
  metricSpecFromFlat,
  metricSpecToFlat,
  metricStatusFromFlat,
  metricStatusToFlat,
} from './flat-metrics.ts'

/**
 * autoscaling/v1 knows one metric, the share of CPU. What else there is travels in annotations, so
 * that reading and writing through v1 loses nothing.
 */
export const metricsAnnotation = 'autoscaling.alpha.kubernetes.io/metrics'
export const currentMetricsAnnotation = 'autoscaling.alpha.kubernetes.io/current-metrics'
export const conditionsAnnotation = 'autoscaling.alpha.kubernetes.io/conditions'
export const behaviorAnnotation = 'autoscaling.alpha.kubernetes.io/behavior'

type DraftV1 = ObjectDraft & {
  spec: HorizontalPodAutoscalerSpecV1
  status: HorizontalPodAutoscalerStatusV1
}
type DraftV2 = ObjectDraft & {
  spec: HorizontalPodAutoscalerSpec
  status: HorizontalPodAutoscalerStatus
}

/** From v1 to v2, which is stored. An annotation that cannot be read is dropped. */
export function horizontalPodAutoscalerFromV1(draft: ObjectDraft): ObjectDraft {
  const { spec, status, ...rest } = draft as DraftV1
  const saved = takeAnnotations(rest)
  const { targetCPUUtilizationPercentage: share, ...specFields } = spec
  const { currentCPUUtilizationPercentage: current, ...statusFields } = status
  const metrics = readList(saved.get(metricsAnnotation)).map(metricSpecFromFlat)
  if (share !== undefined) metrics.push(cpuSpec(share))
  const savedMetrics = saved.get(currentMetricsAnnotation)
  const currentMetrics = readList(savedMetrics).map(metricStatusFromFlat)
  if (savedMetrics === undefined && current !== undefined) currentMetrics.push(cpuStatus(current))
  const conditions = readList(saved.get(conditionsAnnotation))
  const behavior = saved.get(behaviorAnnotation)
  return {
    ...rest,
    spec: {
      ...specFields,
      ...filled({ metrics }),
      ...(behavior === undefined ? {} : { behavior }),
    },
    status: {
      ...statusFields,
      currentMetrics: currentMetrics.length === 0 ? null : currentMetrics,
      ...filled({ conditions }),
    },
  } as ObjectDraft
}

/** From v2 to v1. */
export function horizontalPodAutoscalerToV1(draft: ObjectDraft): ObjectDraft {
  const { spec, status, ...rest } = draft as DraftV2
  const { metrics = [], behavior, ...specFields } = spec
  const { currentMetrics, conditions, ...statusFields } = status
  const share = metrics.find(isCpuShare)?.resource?.target.averageUtilization
  const current = currentMetrics?.find(isCpu)?.resource?.current.averageUtilization
  saveAnnotations(rest, [
    [metricsAnnotation, listOrNothing(metrics.filter((m) => !isCpuShare(m)).map(metricSpecToFlat))],
    [currentMetricsAnnotation, listOrNothing((currentMetrics ?? []).map(metricStatusToFlat))],
    [conditionsAnnotation, conditions],
    [behaviorAnnotation, behavior],
  ])
  return {
    ...rest,
    spec: {
      ...specFields,
      ...(share === undefined ? {} : { targetCPUUtilizationPercentage: share }),
    },
    status: {
      currentReplicas: 0,
      ...statusFields,
      ...(current === undefined ? {} : { currentCPUUtilizationPercentage: current }),
    },
  } as ObjectDraft
}

function isCpuShare(metric: MetricSpec): boolean {
  return (
    metric.type === 'Resource' &&
    metric.resource?.name === 'cpu' &&
    metric.resource.target.averageUtilization !== undefined
  )
}

function isCpu(metric: MetricStatus): boolean {
  return metric.type === 'Resource' && metric.resource?.name === 'cpu'
}

function cpuSpec(share: number): MetricSpec {
  const target = { type: 'Utilization', averageUtilization: share } as const
  return { type: 'Resource', resource: { name: 'cpu', target } }
}

function cpuStatus(share: number): MetricStatus {
  return { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: share } } }
}

const annotationNames = [
  metricsAnnotation,
  currentMetricsAnnotation,
  conditionsAnnotation,
  behaviorAnnotation,
]

/** Takes the annotations off the object and reads them. */
function takeAnnotations(draft: Pick<ObjectDraft, 'metadata'>): ReadonlyMap<string, Json> {
  const saved = new Map<string, Json>()
  const annotations = draft.metadata.annotations ?? {}
  for (const name of annotationNames) {
    const text = annotations[name]
    if (text === undefined) continue
    Reflect.deleteProperty(annotations, name)
    const value = parse(text)
    if (value !== undefined) saved.set(name, value)
  }
  if (Object.keys(annotations).length === 0) Reflect.deleteProperty(draft.metadata, 'annotations')
  return saved
}

function saveAnnotations(
  draft: Pick<ObjectDraft, 'metadata'>,
  values: readonly (readonly [string, unknown])[],
): void {
  for (const [name, value] of values) {
    if (value === undefined) continue
    draft.metadata.annotations ??= {}
    draft.metadata.annotations[name] = JSON.stringify(value)
  }
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

type JsonObject = { readonly [key: string]: Json }

function readList(value: Json | undefined): JsonObject[] {
  if (!Array.isArray(value)) return []
  return value.flatMap((item: Json) => (isJsonObject(item) ? [item] : []))
}

function isJsonObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function listOrNothing<T>(items: readonly T[]): readonly T[] | undefined {
  return items.length === 0 ? undefined : items
}

/** The lists that have items. */
function filled(lists: Readonly<Record<string, readonly unknown[]>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(lists).filter(([, items]) => items.length > 0))
}
