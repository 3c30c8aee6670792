import { CertificateSigningRequest } from '#api'
import { hasReason } from '#machinery'
import { controller } from '../framework/controller.ts'
import { uselessAtMs } from './cleaner.ts'

/** Requests are deleted when they were decided an hour ago, or were not for a day. */
export const csrCleanerController = controller({
  name: 'certificatesigningrequest-cleaner-controller',
  account: 'certificate-controller',
  setup(context) {
    const { client, clock } = context
    const requests = context.watch(CertificateSigningRequest, ({ metadata }) => [
      metadata.name ?? '',
    ])
    return async (name) => {
      const csr = requests.lister.get('', name)
      const atMs = csr === undefined ? undefined : uselessAtMs(csr)
      if (csr === undefined || atMs === undefined) return {}
      const leftMs = atMs - clock.now()
      if (leftMs > 0) return { againAfterMs: leftMs }
      try {
        const { uid } = csr.metadata
        const preconditions = { uid }
        await client.resource(CertificateSigningRequest).delete(name, { preconditions })
      } catch (error) {
        if (!hasReason(error, 'NotFound')) throw error
      }
      return {}
    }
  },
})
