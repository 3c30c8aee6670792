import { readFileSync } from 'node:fs'
import type { Clock, Log, Random } from '#base'
import type { Client } from '#client'
import {
  parseSettings,
  readSettings,
  settingsData,
  type ClusterSettings,
} from '../addons/cluster-settings.ts'
import { writeWhole } from '../data-directory.ts'
import { ClusterError } from '../error.ts'
import { mayPass, patiently } from '../join/errors.ts'
import { reachMs } from '../join/limits.ts'

export interface NodeSettingsOptions {
  readonly client: Client
  /** Of the API server, for errors. */
  readonly server: string
  /** Keeps them. */
  readonly file: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly signal: AbortSignal
}

/** A node that knows how it was goes on with that when the server does not answer for so long. */
const askAgainMs = 3_000

/**
 * The settings of the cluster as the server says them now, else as it said them before: a node that
 * was in the cluster starts while its server is away. Rejects with a ClusterError.
 */
export async function nodeSettings(options: NodeSettingsOptions): Promise<ClusterSettings> {
  const { client, server, file, log, signal } = options
  const kept = keptSettings(file)
  const limitMs = kept === undefined ? reachMs : askAgainMs
  try {
    const peer = { server, shown: 'certificate' } as const
    const settings = await patiently(options, peer, limitMs, (late) => readSettings(client, late))
    writeWhole(file, `${JSON.stringify(settingsData(settings), undefined, 2)}\n`)
    return settings
  } catch (error) {
    if (kept === undefined || signal.aborted || !(error instanceof ClusterError)) throw error
    if (!mayPass(error.cause)) throw error
    log.warn('the node starts with the settings that it had', { error: error.message })
    return kept
  }
}

/** Undefined where there are none that can be used: others come from the server. */
export function keptSettings(file: string): ClusterSettings | undefined {
  try {
    return parseSettings(JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>)
  } catch {
    return undefined
  }
}
