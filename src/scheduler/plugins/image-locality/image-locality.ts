import type { Handle, Plugin } from '../../framework/plugin.ts'
import { scoreMax } from '../../limits.ts'

const name = 'ImageLocality'
const megabyte = 1024 * 1024
/** Images smaller than this are pulled in no time. */
const sizeMin = 23 * megabyte
/** Per container. */
const sizeMax = 1000 * megabyte

/**
 * Nodes that have a pod's images already are better, the more so the larger the images are. An
 * image counts by the share of nodes that have it, lest all its pods gather on the one node that
 * was first to pull it.
 */
export function imageLocality({ table }: Handle): Plugin {
  return {
    name,
    preScore({ pod, shape }) {
      const names = [...new Set(shape.images.map(normalizedName))]
      if (names.length === 0) return undefined
      const count = (name: string) =>
        shape.images.filter((image) => normalizedName(image) === name).length
      const wanted = names.map((name) => ({ name, times: count(name) }))
      const containers = (pod.spec.containers?.length ?? 0) + (pod.spec.initContainers?.length ?? 0)
      const max = sizeMax * containers
      return {
        score(rows, count, scores) {
          scores.fill(0, 0, count)
          for (const { name, times } of wanted) {
            const image = table.images.image(name)
            if (image === undefined) continue
            const bytes = Math.trunc(image.sizeBytes * (image.rows.size / table.nodeCount))
            for (let i = 0; i < count; i++) {
              if (image.rows.has(rows[i] ?? 0)) scores[i] = (scores[i] ?? 0) + times * bytes
            }
          }
          for (let i = 0; i < count; i++) {
            const size = Math.min(Math.max(scores[i] ?? 0, sizeMin), max)
            scores[i] = Math.trunc((scoreMax * (size - sizeMin)) / (max - sizeMin))
          }
        },
      }
    },
  }
}

/** As nodes report it: with a tag. */
function normalizedName(image: string): string {
  return image.lastIndexOf(':') <= image.lastIndexOf('/') ? `${image}:latest` : image
}
