import type { Random } from '#base'
import type { Certificate } from '#pki'

/**
 * When a certificate is renewed: after 70 to 90 % of its life, as upstream's kubelet does, at a
 * time of chance so that nodes that joined together do not ask together.
 */
export function renewalTimeMs(
  { notBeforeMs, notAfterMs }: Pick<Certificate, 'notBeforeMs' | 'notAfterMs'>,
  random: Random,
): number {
  return notBeforeMs + (notAfterMs - notBeforeMs) * (0.7 + 0.2 * random.fraction())
}
