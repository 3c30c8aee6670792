import { CertificateSigningRequest, Node } from '#api'
import { equalJson } from '#machinery'
import { PkiError } from '#pki'
import { controller, type Controller } from '../framework/controller.ts'
import type { ControllerOptions } from '../options.ts'
import { askingNode, servingApprovalProblem } from './serving-approval.ts'
import { kubeletServingSigner } from './signers.ts'
import { approved, isUndecided, readRequest } from './state.ts'

const message =
  'Auto approving kubelet serving certificate: all of its names and addresses are those of the Node.'

/**
 * Serving certificates of kubelets are approved where all they say is what the Node says. Others
 * are left for somebody to decide, and looked at again when the Node changes.
 *
 * Differs from Kubernetes: upstream leaves all of them to the administrator, so that the API server
 * has nothing to verify kubelets by until somebody approves them.
 */
export function servingApprovingController({
  approveKubeletServing = false,
}: ControllerOptions): Controller | undefined {
  if (!approveKubeletServing) return undefined
  return controller({
    name: 'kubelet-serving-approving-controller',
    account: 'certificate-controller',
    setup(context) {
      const { client, clock, log } = context
      const requests = context.watch(CertificateSigningRequest, (csr) =>
        isPending(csr) ? [csr.metadata.name ?? ''] : [],
      )
      requests.addIndex('by-asking-node', byAskingNode)
      const nodes = context.watch(
        Node,
        ({ metadata }) =>
          requests.lister
            .byIndex('by-asking-node', metadata.name ?? '')
            .map((csr) => csr.metadata.name ?? ''),
        { relevant: ({ status }, old) => !equalJson(status.addresses, old.status.addresses) },
      )
      return async (name) => {
        const csr = requests.lister.get('', name)
        if (csr === undefined || !isPending(csr)) return
        const problem = problemOf(csr, nodes.lister.list())
        if (problem !== undefined) {
          log.debug('a kubelet serving certificate is not approved', { name, problem })
          return
        }
        await client
          .resource(CertificateSigningRequest)
          .subresource('approval')
          .update(name, approved(csr, message, clock.now()))
      }
    },
  })
}

function byAskingNode(csr: CertificateSigningRequest): readonly string[] {
  const node = isPending(csr) ? askingNode(csr) : undefined
  return node === undefined ? [] : [node]
}

function isPending(csr: CertificateSigningRequest): boolean {
  return csr.spec.signerName === kubeletServingSigner && isUndecided(csr)
}

function problemOf(csr: CertificateSigningRequest, nodes: readonly Node[]): string | undefined {
  try {
    return servingApprovalProblem(csr, readRequest(csr), nodes)
  } catch (error) {
    if (error instanceof PkiError) return error.message
    throw error
  }
}
