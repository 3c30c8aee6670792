import { formatTime } from '#base'
import { CertificateSigningRequest } from '#api'
import { keyPairFromPem, parseCertificates } from '#pki'
import { asInput } from '../framework/as-input.ts'
import { controller, type Controller } from '../framework/controller.ts'
import type { ControllerOptions } from '../options.ts'
import { signers } from './signers.ts'
import { signRequest } from './signing.ts'
import { isIssued, readRequest, requestCondition } from './state.ts'

const defaultDurationMs = 365 * 24 * 60 * 60_000

/** Approved requests to the signers of Kubernetes get their certificate from the cluster's CA. */
export function csrSigningController(options: ControllerOptions): Controller | undefined {
  const { signingCa, signingDurationMs = defaultDurationMs } = options
  if (signingCa === undefined) return undefined
  const [certificate] = parseCertificates(signingCa.certificate)
  if (certificate === undefined) throw new TypeError('the CA that signs has no certificate')
  const ca = { certificate, key: keyPairFromPem(signingCa.key) }
  return controller({
    name: 'certificatesigningrequest-signing-controller',
    account: 'certificate-controller',
    setup(context) {
      const { client, clock, random } = context
      const requests = context.watch(CertificateSigningRequest, (csr) =>
        isToSign(csr) ? [csr.metadata.name ?? ''] : [],
      )
      return async (name) => {
        const csr = requests.lister.get('', name)
        if (csr === undefined || !isToSign(csr)) return
        const problem = signers.get(csr.spec.signerName)?.(readRequest(csr), csr.spec.usages ?? [])
        const time = formatTime(clock.now())
        const failed = {
          type: 'Failed',
          status: 'True',
          reason: 'SignerValidationFailure',
          message: problem ?? '',
          lastUpdateTime: time,
          lastTransitionTime: time,
        }
        const status =
          problem === undefined
            ? { ...csr.status, certificate: sign(csr) }
            : { ...csr.status, conditions: [...(csr.status.conditions ?? []), failed] }
        await client
          .resource(CertificateSigningRequest)
          .updateStatus(asInput(CertificateSigningRequest, { ...csr, status }))
      }

      function sign(csr: CertificateSigningRequest): string {
        const nowMs = clock.now()
        const pem = signRequest(csr, { ca, maxMs: signingDurationMs, nowMs, random })
        return Buffer.from(pem).toString('base64')
      }
    },
  })
}

function isToSign(csr: CertificateSigningRequest): boolean {
  return (
    signers.has(csr.spec.signerName) &&
    !isIssued(csr) &&
    requestCondition(csr, 'Approved') !== undefined &&
    requestCondition(csr, 'Denied') === undefined &&
    requestCondition(csr, 'Failed')?.status !== 'True'
  )
}
