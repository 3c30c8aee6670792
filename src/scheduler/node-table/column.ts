import type { Node } from '#api'
import type { PodInfo } from '../pod-info.ts'

/**
 * One aspect of all nodes, by row: what a plugin needs to know of a node without looking at
 * objects. The table tells its columns of every change; a column keeps sums up to date as pods
 * come and go. A plugin that needs another aspect adds a column.
 */
export interface Column {
  /** Rows below `capacity` may be used from now on. */
  grow(capacity: number): void
  /** The row has this node, or a new version of it; undefined: none any more. */
  setNode(row: number, node: Node | undefined): void
  addPod(row: number, pod: PodInfo): void
  /** Of a pod that was added, in the same version. */
  removePod(row: number, pod: PodInfo): void
}

/** A copy of `array` with room for `capacity` elements. */
export function grownFloats(array: Float64Array, capacity: number): Float64Array<ArrayBuffer> {
  const grown = new Float64Array(capacity)
  grown.set(array)
  return grown
}

export function grownIntegers(array: Int32Array, capacity: number): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(capacity)
  grown.set(array)
  return grown
}
