import type { ControllerOptions } from '#controllers'
import { privateKeyToPem, type Pki } from '#pki'

/** Where pods get their addresses from: a /24 for each node. */
export const defaultClusterCidrs: readonly string[] = ['10.42.0.0/16']

/** Where Services get theirs from. */
export const defaultServiceCidrs: readonly string[] = ['10.43.0.0/16']

/** What a cluster with this PKI says to its controllers. */
export function controllerOptions(
  pki: Pki,
  serviceCidrs: readonly string[],
  clusterCidrs: readonly string[],
): ControllerOptions {
  return {
    rootCa: pki.ca.certificate.pem,
    serviceAccountKey: privateKeyToPem(pki.serviceAccount.privateKey),
    signingCa: {
      certificate: pki.ca.certificate.pem,
      key: privateKeyToPem(pki.ca.key.privateKey),
    },
    clusterCidrs,
    serviceCidrs,
  }
}
