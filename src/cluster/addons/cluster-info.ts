/**
 * The kubeconfig in kube-public/cluster-info: where the cluster is and which CA it has, with
 * nobody's credentials. Its text is what bootstrap tokens sign, so it is always the same for the
 * same cluster.
 */
export function clusterInfo(server: string, ca: string): string {
  return [
    'apiVersion: v1',
    'clusters:',
    '- cluster:',
    `    certificate-authority-data: ${Buffer.from(ca).toString('base64')}`,
    `    server: ${server}`,
    '  name: ""',
    'contexts: null',
    'current-context: ""',
    'kind: Config',
    'preferences: {}',
    'users: null',
    '',
  ].join('\n')
}
