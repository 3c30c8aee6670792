import type { SigningRequest } from '#pki'
import { kubeletClientProblem, kubeletServingProblem } from './kubelet.ts'

export const kubeletClientSigner = 'kubernetes.io/kube-apiserver-client-kubelet'
export const kubeletServingSigner = 'kubernetes.io/kubelet-serving'

/** What is wrong with a request for this signer; undefined: nothing. */
type Rule = (request: SigningRequest, usages: readonly string[]) => string | undefined

/** The signers whose requests are signed here, with what each of them asks. */
export const signers: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['kubernetes.io/kube-apiserver-client', (_request, usages) => clientUsageProblem(usages)],
  [kubeletClientSigner, kubeletClientProblem],
  [kubeletServingSigner, kubeletServingProblem],
  // Whoever approved it has answered for it.
  ['kubernetes.io/legacy-unknown', () => undefined],
])

function clientUsageProblem(usages: readonly string[]): string | undefined {
  const allowed = ['digital signature', 'key encipherment', 'client auth']
  const wrong = usages.find((usage) => !allowed.includes(usage))
  if (wrong !== undefined) return `invalid usage for client certificate: ${wrong}`
  if (usages.includes('client auth')) return undefined
  return 'missing required usage for client certificate: client auth'
}
