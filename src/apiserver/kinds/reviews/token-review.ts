import { TokenReview } from '#api'
import { asError } from '#base'
import { errors } from '#machinery'
import { groups, type UserInfo } from '../../authentication/user.ts'
import type { KindDependencies } from '../dependencies.ts'
import type { KindHooks } from '../kind-hooks.ts'
import { admitVirtual, createdAnswer, readVirtual } from '../virtual.ts'
import { userInfoOf } from './user-info.ts'

const face = TokenReview.faces[0]

/** Tells whose token it is. A bad token is an answer, not a failure. */
export function tokenReviewHooks({ tokens }: KindDependencies): KindHooks {
  return {
    resource: TokenReview,
    async create(request) {
      const write = readVirtual(request, face)
      const review = write.draft as unknown as TokenReview
      const { token = '', audiences = [] } = review.spec
      if (token === '') {
        throw errors.badRequest('token is required for TokenReview in authentication')
      }
      await admitVirtual(request.call, face, write)
      return createdAnswer(TokenReview, face, {
        ...review,
        status: await statusOf(() => tokens.authenticateToken(token, audiences)),
      })
    },
  }
}

async function statusOf(
  authenticate: () => ReturnType<KindDependencies['tokens']['authenticateToken']>,
) {
  try {
    const found = await authenticate()
    if (found === undefined) return {}
    const user = userInfoOf(authenticated(found.user))
    return { authenticated: true, user, audiences: found.audiences }
  } catch (error) {
    return { error: asError(error).message }
  }
}

/** A user is authenticated by having a good token, whatever authenticator knew it. */
function authenticated(user: UserInfo): UserInfo {
  if (user.groups.includes(groups.authenticated)) return user
  return { ...user, groups: [...user.groups, groups.authenticated] }
}
