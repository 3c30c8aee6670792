import { formatTime } from '#base'
import { ServiceAccount, type TokenRequestSpec, type TokenRequestStatus } from '#api'
import { errors, field, FieldPath, type FieldError, type KubeObject } from '#machinery'
import type { KindDependencies } from './dependencies.ts'
import type { KindHooks } from './kind-hooks.ts'
import { admitVirtual, bodyFace, createdAnswer, readVirtual, settleName } from './virtual.ts'

const serviceAccounts = { group: '', resource: 'serviceaccounts' }
const expirationSecondsMin = 600
const expirationSecondsMax = 2 ** 32

interface TokenRequest extends KubeObject {
  readonly spec: TokenRequestSpec
  readonly status?: TokenRequestStatus
}

/** Tokens on request (KEP-1205). Tokens in Secrets are not minted. */
export function serviceAccountHooks({ lookup, issuer, registry }: KindDependencies): KindHooks {
  return {
    resource: ServiceAccount,
    subresources: {
      async token(request) {
        const { call } = request
        const { namespace, name } = call.info
        const face = bodyFace('TokenRequest')
        const write = readVirtual(request, face)
        settleName(request, write.draft, 'TokenRequest')
        const { spec, ...rest } = write.draft as unknown as TokenRequest
        const problems = validate(spec)
        if (problems.length > 0) throw errors.invalid(face, '', problems)
        await registry.cache.fresh()
        const account = lookup.get<ServiceAccount>(serviceAccounts, namespace, name)
        if (account === undefined) throw errors.notFound(serviceAccounts, name)
        const uid = account.metadata.uid ?? ''
        const asked = rest.metadata.uid ?? ''
        if (asked !== '' && asked !== uid) {
          throw errors.conflict(
            serviceAccounts,
            name,
            `the UID in the token request (${asked}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
          )
        }
        await admitVirtual(call, face, write)
        const reference = spec.boundObjectRef ?? undefined
        const issued = issuer.issue({
          serviceAccount: { namespace, name, uid },
          audiences: spec.audiences ?? [],
          expirationSeconds: spec.expirationSeconds ?? 3600,
          boundObject: reference && {
            kind: reference.kind ?? '',
            apiVersion: reference.apiVersion ?? '',
            name: reference.name ?? '',
            uid: reference.uid ?? '',
          },
        })
        const made: TokenRequest = {
          ...rest,
          metadata: {
            ...rest.metadata,
            creationTimestamp: formatTime(registry.clock.now()),
          },
          spec: {
            ...spec,
            audiences: issued.audiences,
            expirationSeconds: issued.expirationSeconds,
          },
          status: {
            token: issued.token,
            expirationTimestamp: formatTime(issued.expiresAtMs),
          },
        }
        return createdAnswer(ServiceAccount, face, made)
      },
    },
  }
}

function validate({ expirationSeconds }: TokenRequestSpec): FieldError[] {
  const path = FieldPath.root('spec', 'expirationSeconds')
  const seconds = expirationSeconds ?? 3600
  if (seconds < expirationSecondsMin) {
    return [field.invalid(path, seconds, 'may not specify a duration less than 10 minutes')]
  }
  if (seconds > expirationSecondsMax) {
    return [field.invalid(path, seconds, 'may not specify a duration larger than 2^32 seconds')]
  }
  return []
}
