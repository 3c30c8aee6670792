import { forbiddenError, type Attributes, type Authorizer } from '../authorization/authorizer.ts'

/** Throws the 403 unless some authorizer allows the request. */
export function authorize(authorizer: Authorizer, attributes: Attributes): void {
  const { decision, reason } = authorizer.authorize(attributes)
  if (decision !== 'allow') throw forbiddenError(attributes, reason)
}
