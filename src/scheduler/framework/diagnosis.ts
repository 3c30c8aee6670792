import type { Status } from './status.ts'

/** Why no node fits a pod. */
export interface Diagnosis {
  /** Of all nodes, those that could not be asked too. */
  readonly nodeCount: number
  /** Nodes that were asked, by row, and what they said, in the same order. */
  readonly rows: readonly number[]
  readonly statuses: readonly Status[]
  /** What all the others said. */
  readonly absent: Status | undefined
  /** A plugin rejected the pod as such, before any node was asked. */
  readonly preFilter: Status | undefined
  /** Names of plugins that rejected the pod or a node. */
  readonly plugins: ReadonlySet<string>
}

/** The message that users read in the event and the condition, as upstream writes it. */
export function fitErrorMessage(diagnosis: Diagnosis, postFilter: string): string {
  let message = `0/${diagnosis.nodeCount} nodes are available:`
  if (diagnosis.preFilter === undefined) {
    const counted = reasonCounts(diagnosis)
    if (counted.length > 0) message += ` ${counted.join(', ')}.`
  } else if (diagnosis.preFilter.message !== '') {
    message += ` ${diagnosis.preFilter.message}.`
  }
  return postFilter === '' ? message : `${message} ${postFilter}`
}

function reasonCounts({ nodeCount, statuses, absent }: Diagnosis): string[] {
  const counts = new Map<string, number>()
  const count = (status: Status, times: number) => {
    for (const reason of status.reasons) counts.set(reason, (counts.get(reason) ?? 0) + times)
  }
  for (const status of statuses) count(status, 1)
  if (absent !== undefined && statuses.length < nodeCount)
    count(absent, nodeCount - statuses.length)
  return [...counts].map(([reason, times]) => `${times} ${reason}`).sort()
}
