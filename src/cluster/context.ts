import type { NetworkConnectionsOptions } from '#apiserver'
import { loadKubeconfig, type ContextEntry } from '#client'
import { privateKeyToPem, type Pki } from '#pki'

/** The name of the context in kubeconfigs. */
export const contextName = 'k8ts'

/** The administrator's context for a server at this URL. */
export function contextOf(server: string, pki: Pki): ContextEntry {
  return {
    name: contextName,
    server,
    ca: pki.ca.certificate.pem,
    certificate: pki.admin.certificate.pem,
    key: privateKeyToPem(pki.admin.key.privateKey),
  }
}

/** The same, from the kubeconfig that a server has written into its data directory. */
export function adminContext(adminKubeconfig: string): ContextEntry {
  const { endpoint } = loadKubeconfig([adminKubeconfig])
  const { server, ca = '', certificate = '', key = '' } = endpoint
  return { name: contextName, server, ca, certificate, key }
}

/** What the API server shows to kubelets, and whose certificates it believes to be theirs. */
export function kubeletCredentials(pki: Pki): ReturnType<NetworkConnectionsOptions['credentials']> {
  return {
    certificate: pki.kubeletClient.certificate.pem,
    key: privateKeyToPem(pki.kubeletClient.key.privateKey),
    ca: pki.ca.certificate.pem,
  }
}
