import { parseTime } from '#base'
import { CertificateSigningRequest, SubjectAccessReview } from '#api'
import type { Client } from '#client'
import type { SigningRequest } from '#pki'
import { controller } from '../framework/controller.ts'
import { kubeletClientProblem } from './kubelet.ts'
import { kubeletClientSigner } from './signers.ts'
import { approved, isUndecided, readRequest } from './state.ts'

const retryMinMs = 1_000
const retryMaxMs = 1_000_000

/** What a requester may be allowed to have without being asked: a right, and when it is enough. */
interface Recognizer {
  readonly subresource: 'nodeclient' | 'selfnodeclient'
  readonly message: string
  readonly recognizes: (csr: CertificateSigningRequest, request: SigningRequest) => boolean
}

const recognizers: readonly Recognizer[] = [
  {
    subresource: 'selfnodeclient',
    message: 'Auto approving self kubelet client certificate after SubjectAccessReview.',
    recognizes: (csr, { subject }) => csr.spec.username === subject.commonName,
  },
  {
    subresource: 'nodeclient',
    message: 'Auto approving kubelet client certificate after SubjectAccessReview.',
    recognizes: () => true,
  },
]

/** Client certificates of kubelets are approved where the requester has the right to ask for them. */
export const csrApprovingController = controller({
  name: 'certificatesigningrequest-approving-controller',
  account: 'certificate-controller',
  setup(context) {
    const { client, clock } = context
    const requests = context.watch(CertificateSigningRequest, (csr) =>
      isPending(csr) ? [csr.metadata.name ?? ''] : [],
    )
    return async (name) => {
      const csr = requests.lister.get('', name)
      if (csr === undefined || !isPending(csr)) return {}
      const request = readRequest(csr)
      if (kubeletClientProblem(request, csr.spec.usages ?? []) !== undefined) return {}
      for (const { subresource, message, recognizes } of recognizers) {
        if (!recognizes(csr, request)) continue
        if (!(await isAllowed(client, csr, subresource))) continue
        await client
          .resource(CertificateSigningRequest)
          .subresource('approval')
          .update(name, approved(csr, message, clock.now()))
        return {}
      }
      // The right may be given later. It is asked for less often the longer that takes.
      const madeMs = parseTime(csr.metadata.creationTimestamp ?? '') ?? clock.now()
      const waitedMs = clock.now() - madeMs
      return { againAfterMs: Math.min(Math.max(waitedMs, retryMinMs), retryMaxMs) }
    }
  },
})

function isPending(csr: CertificateSigningRequest): boolean {
  return csr.spec.signerName === kubeletClientSigner && isUndecided(csr)
}

async function isAllowed(
  client: Client,
  { spec }: CertificateSigningRequest,
  subresource: string,
): Promise<boolean> {
  const { status } = await client.resource(SubjectAccessReview).create({
    metadata: {},
    spec: {
      user: spec.username,
      uid: spec.uid,
      groups: spec.groups,
      extra: spec.extra,
      resourceAttributes: {
        group: 'certificates.k8s.io',
        resource: 'certificatesigningrequests',
        verb: 'create',
        subresource,
        version: '*',
      },
    },
  })
  return status.allowed
}
