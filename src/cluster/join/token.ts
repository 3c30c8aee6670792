import { parseCertificates, publicKeyHash } from '#pki'
import { ClusterError } from '../error.ts'

/**
 * What a machine joins with. Written as one word, `k8ts1.<pin>.<id>.<secret>`: the bootstrap token
 * `<id>.<secret>` as Kubernetes has it, and in front of it the pin of the cluster's CA, so that the
 * machine knows whom it shows the secret to.
 */
export interface JoinToken {
  /** Public: it names the token's Secret. */
  readonly id: string
  readonly secret: string
  /** Of the CA, as `caPin` gives it; absent in a plain `<id>.<secret>`. */
  readonly caPin: string | undefined
}

const form = /^(?:k8ts1\.([0-9a-f]{64})\.)?([a-z0-9]{6})\.([a-z0-9]{16})$/

/** Throws a ClusterError, which does not repeat what was given: it may be nearly a secret. */
export function parseJoinToken(text: string): JoinToken {
  const [, caPin, id, secret] = form.exec(text.trim()) ?? []
  if (id === undefined || secret === undefined) {
    throw new ClusterError(
      'the token is neither k8ts1.<pin>.<id>.<secret>, as k8ts token create shows it, nor <id>.<secret>',
    )
  }
  return { id, secret, caPin }
}

export function formatJoinToken({ id, secret, caPin }: JoinToken): string {
  return caPin === undefined ? `${id}.${secret}` : `k8ts1.${caPin}.${id}.${secret}`
}

/** The hexadecimal SHA-256 of the first certificate's public key. `ca` is PEM. */
export function caPin(ca: string): string {
  const [certificate] = parseCertificates(ca)
  if (certificate === undefined) throw new ClusterError('the CA has no certificate')
  return publicKeyHash(certificate.publicKey)
}

/** A pin as kubeadm's --discovery-token-ca-cert-hash has it: `sha256:<hex>`. Throws ClusterError. */
export function parseCaCertHash(text: string): string {
  const [, pin] = /^sha256:([0-9a-fA-F]{64})$/.exec(text) ?? []
  if (pin === undefined) {
    throw new ClusterError(`a hash of a CA is sha256: and 64 hexadecimal digits, not "${text}"`)
  }
  return pin.toLowerCase()
}
