import type { HostPort, PodInfo } from '../pod-info.ts'
import type { Column } from './column.ts'

const anyAddress = '0.0.0.0'

/** Ports of the nodes that pods there use, with how many use each. Most nodes have none. */
export class PortColumn implements Column {
  readonly #used = new Map<number, Map<string, { readonly port: HostPort; count: number }>>()

  /** One of `wanted` is taken on this node: on the same address, or on all. */
  conflicts(row: number, wanted: readonly HostPort[]): boolean {
    const used = this.#used.get(row)
    if (used === undefined) return false
    for (const { port } of used.values()) {
      for (const want of wanted) {
        if (overlap(port, want)) return true
      }
    }
    return false
  }

  grow(): void {}

  setNode(): void {}

  addPod(row: number, { shape }: PodInfo): void {
    for (const port of shape.hostPorts) {
      let used = this.#used.get(row)
      if (used === undefined) this.#used.set(row, (used = new Map()))
      const entry = used.get(keyOf(port))
      if (entry === undefined) used.set(keyOf(port), { port, count: 1 })
      else entry.count++
    }
  }

  removePod(row: number, { shape }: PodInfo): void {
    const used = this.#used.get(row)
    for (const port of shape.hostPorts) {
      const entry = used?.get(keyOf(port))
      if (used === undefined || entry === undefined) continue
      entry.count--
      if (entry.count === 0) used.delete(keyOf(port))
      if (used.size === 0) this.#used.delete(row)
    }
  }
}

export function overlap(a: HostPort, b: HostPort): boolean {
  if (a.port !== b.port || a.protocol !== b.protocol) return false
  return a.ip === b.ip || a.ip === anyAddress || b.ip === anyAddress
}

function keyOf({ ip, protocol, port }: HostPort): string {
  return `${protocol}/${ip}/${port}`
}
