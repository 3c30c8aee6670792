import { formatTime } from '#base'
import { mutable, type StrategyContext, type Whole, type WholeDraft } from '#machinery'
import type { PersistentVolumeSchema } from './persistent-volume.ts'

type PersistentVolume = Whole<typeof PersistentVolumeSchema>
type Draft = WholeDraft<typeof PersistentVolumeSchema>

export function prepareForCreate(draft: Draft, { nowMs }: StrategyContext): void {
  draft.status = { phase: 'Pending', lastPhaseTransitionTime: formatTime(nowMs) }
}

/** A change of phase is dated, unless who makes it says when it was (KEP-3762). */
export function prepareForStatusUpdate(
  draft: Draft,
  old: PersistentVolume,
  { nowMs }: StrategyContext,
): void {
  draft.spec = mutable(old.spec)
  const before = old.status.lastPhaseTransitionTime
  if (draft.status.phase === old.status.phase) {
    if (draft.status.lastPhaseTransitionTime === undefined && before !== undefined) {
      draft.status.lastPhaseTransitionTime = before
    }
    return
  }
  const { lastPhaseTransitionTime } = draft.status
  if (lastPhaseTransitionTime === undefined || lastPhaseTransitionTime === before) {
    draft.status.lastPhaseTransitionTime = formatTime(nowMs)
  }
}
