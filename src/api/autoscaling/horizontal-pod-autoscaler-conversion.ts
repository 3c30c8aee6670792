import type { ObjectDraft } from '#machinery'
export function horizontalPodAutoscalerFromV1(draft: ObjectDraft): ObjectDraft {
  return draft
}
export function horizontalPodAutoscalerToV1(draft: ObjectDraft): ObjectDraft {
  return draft
}
