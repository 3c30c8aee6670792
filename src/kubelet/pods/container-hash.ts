import { createHash } from 'node:crypto'
import type { Container } from '#api'

/** Changes when the container has to be made anew: of what can be changed, that is its image. */
export function containerHash({ name, image = '' }: Container): string {
  return createHash('sha256')
    .update(JSON.stringify([name, image]))
    .digest('hex')
    .slice(0, 8)
}
