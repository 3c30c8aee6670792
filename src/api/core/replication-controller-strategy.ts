import type { WholeDraft } from '#machinery'
import type { ReplicationControllerSchema } from './replication-controller.ts'

/** A controller without labels has those of its pods; upstream adds them on reading. */
export function labelAsTemplate({
  metadata,
  spec,
}: WholeDraft<typeof ReplicationControllerSchema>): void {
  const labels = spec.template?.metadata.labels
  if (labels !== undefined) metadata.labels ??= { ...labels }
}
