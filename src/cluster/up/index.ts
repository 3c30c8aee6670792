import type { ListedImage } from '#kubelet'
import type { DownOptions } from './down.ts'
import type { ImageOptions, NodeImages } from './images.ts'
import type { UpCluster, UpOptions } from './up.ts'

export type { DownOptions } from './down.ts'
export type { ImageOptions, NodeImages } from './images.ts'
export { logFileOf, logNames } from './logs.ts'
export type { Progress } from './progress.ts'
export { clusterId } from './record.ts'
export { upStatus, type NodeProcesses } from './status.ts'
export type { UpCluster, UpOptions, UpSettings } from './up.ts'

/*
 * Each of these needs rooms that the others do not: what runs in nodes takes longest to load, and
 * `up` starts it in processes of its own.
 */

/** See `up` in up.ts. */
export async function up(options: UpOptions): Promise<UpCluster> {
  return (await import('./up.ts')).up(options)
}

/** See `down` in down.ts. */
export async function down(options: DownOptions): Promise<boolean> {
  return (await import('./down.ts')).down(options)
}

/** See `importArchive` in images.ts. */
export async function importArchive(
  options: ImageOptions,
  file: string,
): Promise<NodeImages<string>[]> {
  return (await import('./images.ts')).importArchive(options, file)
}

/** See `importPacked` in images.ts. */
export async function importPacked(
  options: ImageOptions,
  definitions: string,
): Promise<NodeImages<string>[]> {
  return (await import('./images.ts')).importPacked(options, definitions)
}

/** See `nodeImages` in images.ts. */
export async function nodeImages(options: ImageOptions): Promise<NodeImages<ListedImage>[]> {
  return (await import('./images.ts')).nodeImages(options)
}
