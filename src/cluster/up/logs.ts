import { join } from 'node:path'
import { ClusterError } from '../error.ts'
import { readUpRecord, serverLog, upNodes } from './record.ts'

/** The components of a cluster that `up` made, as `k8ts logs` names them, and where they log. */
function logFiles(dataDir: string): ReadonlyMap<string, string> {
  const record = readUpRecord(dataDir)
  if (record === undefined) {
    throw new ClusterError(`there is no cluster of k8ts up in ${dataDir}`)
  }
  return new Map([
    ['server', serverLog(dataDir)],
    ...upNodes(dataDir, record).flatMap(({ name, log, containerd }): [string, string][] => [
      [name, log],
      [`${name}/containerd`, join(containerd, 'containerd.log')],
    ]),
  ])
}

export function logNames(dataDir: string): string[] {
  return [...logFiles(dataDir).keys()]
}

/** Throws a ClusterError that lists the components there are. */
export function logFileOf(dataDir: string, component: string): string {
  const files = logFiles(dataDir)
  const file = files.get(component)
  if (file !== undefined) return file
  throw new ClusterError(
    `there is no component ${component}: name one of ${[...files.keys()].join(', ')}`,
  )
}
