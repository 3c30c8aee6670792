import { SubjectAccessReview, TokenReview } from '#api'
import type { ApiRequest, UserInfo } from '#apiserver'
import { asError, type Clock } from '#base'
import type { Client } from '#client'
import { parseCertificate, verifyCertificate, type Certificate } from '#pki'

/** What a kubelet refuses: 401 or 403, and why. */
export class AccessError extends Error {
  override readonly name = 'AccessError'
  readonly code: 401 | 403

  constructor(code: 401 | 403, message: string) {
    super(message)
    this.code = code
  }
}

export interface AccessOptions {
  readonly clock: Clock
  /** Signs the client certificates that are believed. */
  readonly ca: Certificate
}

/**
 * Whether a request may be answered, as a kubelet decides it: who is behind it by certificate or by
 * a TokenReview, what he may by a SubjectAccessReview. `client` acts as the node. Throws AccessError.
 */
export async function checkAccess(
  request: ApiRequest,
  node: string,
  client: Client,
  options: AccessOptions,
): Promise<void> {
  const user = certificateUser(request, options) ?? (await tokenUser(request, client))
  if (user === undefined) throw new AccessError(401, 'Unauthorized')
  const verb = verbs[request.method] ?? ''
  const subresources = subresourcesOf(request.path)
  for (const subresource of subresources) {
    if (await allows(client, user, { verb, node, subresource })) return
  }
  const what = `verb=${verb}, resource=nodes, subresource(s)=[${subresources.join(' ')}]`
  throw new AccessError(403, `Forbidden (user=${user.name}, ${what})`)
}

const verbs: Readonly<Record<string, string>> = {
  DELETE: 'delete',
  GET: 'get',
  HEAD: 'get',
  PATCH: 'patch',
  POST: 'create',
  PUT: 'update',
}

/** What a path asks for of nodes: any of these is enough (KEP-2862). */
export function subresourcesOf(path: string): readonly string[] {
  const [, root = ''] = path.split('/')
  switch (root) {
    case 'stats':
    case 'metrics':
    case 'spec':
      return [root]
    case 'logs':
      return ['log']
    case 'pods':
    case 'healthz':
    case 'configz':
      return [root, 'proxy']
    default:
      return ['proxy']
  }
}

type User = Pick<UserInfo, 'name' | 'groups'> & Partial<Pick<UserInfo, 'uid' | 'extra'>>

/** Undefined without a certificate; one that cannot be believed is as none. */
function certificateUser({ peer }: ApiRequest, { clock, ca }: AccessOptions): User | undefined {
  if (peer.certificate === undefined) return undefined
  try {
    const certificate = parseCertificate(peer.certificate)
    verifyCertificate(certificate, { roots: [ca], atMs: clock.now(), usage: 'client auth' })
    const { commonName, organizations } = certificate.subject
    return { name: commonName, groups: [...organizations, 'system:authenticated'] }
  } catch (error) {
    throw new AccessError(401, asError(error).message)
  }
}

async function tokenUser(request: ApiRequest, client: Client): Promise<User | undefined> {
  const token = /^bearer +(\S+)$/i.exec(request.header('authorization') ?? '')?.[1]
  if (token === undefined) return undefined
  const { status } = await client.resource(TokenReview).create({ metadata: {}, spec: { token } })
  const { authenticated, user } = status
  if (authenticated !== true || user === undefined) return undefined
  return {
    name: user.username ?? '',
    groups: user.groups ?? [],
    uid: user.uid ?? '',
    extra: user.extra ?? {},
  }
}

async function allows(
  client: Client,
  { name, groups, uid = '', extra = {} }: User,
  { verb, node, subresource }: Record<'verb' | 'node' | 'subresource', string>,
): Promise<boolean> {
  const review = await client.resource(SubjectAccessReview).create({
    metadata: {},
    spec: {
      user: name,
      groups: [...groups],
      uid,
      extra: mutableExtra(extra),
      resourceAttributes: { verb, version: 'v1', resource: 'nodes', subresource, name: node },
    },
  })
  return review.status.allowed
}

function mutableExtra(extra: UserInfo['extra']): Record<string, string[]> {
  return Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]]))
}
