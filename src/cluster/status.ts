import { asError, withTimeout, type Clock } from '#base'
import { Client, httpsTransport, loadKubeconfig } from '#client'
import { dataDirectoryAt } from './data-directory.ts'
import { runningServer } from './process-file.ts'

export type ServerStatus =
  | { readonly state: 'stopped' }
  | {
      readonly state: 'starting' | 'ready' | 'not ready'
      readonly pid: number
      readonly url: string
      readonly store: string
      readonly startedAt: string
      /** Why it is not ready. */
      readonly reason: string
    }

const answerMs = 5_000

/** What the server of a data directory says of itself. */
export async function serverStatus(dataDir: string, clock: Clock): Promise<ServerStatus> {
  const directory = dataDirectoryAt(dataDir)
  const record = runningServer(directory)
  if (record === undefined) return { state: 'stopped' }
  const { pid, url = '', store = '', startedAt = '' } = record
  const known = { pid, url, store, startedAt, reason: '' }
  if (url === '') return { state: 'starting', ...known }
  const { endpoint } = loadKubeconfig([directory.adminKubeconfig])
  await using client = new Client(httpsTransport(endpoint, { clock, userAgent: 'k8ts' }), clock)
  try {
    await withTimeout(clock, client.document('/readyz?verbose'), answerMs, '/readyz')
    return { state: 'ready', ...known }
  } catch (error) {
    return { state: 'not ready', ...known, reason: asError(error).message }
  }
}
