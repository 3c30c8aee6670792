import {
  boolean,
  type InputObjectOf,
  item,
  list,
  type Whole,
  type ReadOf,
  resource,
  string,
  struct,
  value,
} from '#machinery'
import { UserInfo } from './user-info.ts'

export const TokenReviewSchema = struct('io.k8s.api.authentication.v1.TokenReview', () => ({
  spec: value(TokenReviewSpec, 2).required(),
  status: value(TokenReviewStatus, 3),
}))

export const TokenReviewSpec = struct('io.k8s.api.authentication.v1.TokenReviewSpec', () => ({
  token: string(1).required(),
  audiences: list(item.string, 2),
}))
export type TokenReviewSpec = ReadOf<typeof TokenReviewSpec>

export const TokenReviewStatus = struct('io.k8s.api.authentication.v1.TokenReviewStatus', () => ({
  authenticated: boolean(1),
  user: value(UserInfo, 2),
  audiences: list(item.string, 4),
  error: string(3),
}))
export type TokenReviewStatus = ReadOf<typeof TokenReviewStatus>

export const TokenReview = resource({
  name: 'tokenreviews',
  namespaced: false,
  faces: [
    {
      group: 'authentication.k8s.io',
      version: 'v1',
      kind: 'TokenReview',
      schema: TokenReviewSchema,
    },
  ],
  verbs: ['create'],
})
export type TokenReview = Whole<typeof TokenReviewSchema>
export type TokenReviewInput = InputObjectOf<typeof TokenReview>
