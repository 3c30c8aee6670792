import { runningProcess } from '../process-file.ts'
import { readUpRecord, upNodes } from './record.ts'

/** A node of a cluster that `up` made, as this machine sees it. */
export interface NodeProcesses {
  readonly name: string
  /** Undefined when the agent does not run: `k8ts up` starts it again. */
  readonly agentPid: number | undefined
}

/** Empty where `up` made nothing in the directory. */
export function upStatus(dataDir: string): NodeProcesses[] {
  const record = readUpRecord(dataDir)
  if (record === undefined) return []
  return upNodes(dataDir, record).map(({ name, agentFile }) => ({
    name,
    agentPid: runningProcess(agentFile)?.pid,
  }))
}
