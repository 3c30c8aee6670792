import type { ObjectDraft } from '#machinery'
export function eventFromEvents(draft: ObjectDraft): ObjectDraft {
  return draft
}
export function eventToEvents(draft: ObjectDraft): ObjectDraft {
  return draft
}
