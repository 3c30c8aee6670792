import { findProcesses } from '#linux'
import type { UpNode } from './record.ts'

/*
 * Found by what they were told, since one that is starting has not yet said that it runs.
 */

/** Agents of a node. */
export function agentsOf({ directory }: Pick<UpNode, 'directory'>): Promise<number[]> {
  return findProcesses((words) => isCommand(words, 'agent', directory))
}

/** Servers of a cluster's data directory. */
export function serversOf(dataDir: string): Promise<number[]> {
  return findProcesses((words) => isCommand(words, 'server', dataDir))
}

function isCommand(words: readonly string[], command: string, dataDir: string): boolean {
  return words.includes(command) && words.includes(`--data-dir=${dataDir}`)
}
