/**
 * A whole name of an image, as container runtimes keep it: `busybox` is
 * docker.io/library/busybox:latest. Undefined for what is no name.
 */
export function wholeImageName(name: string): string | undefined {
  const [, path = '', tag, digest] =
    /^([^@]+?)(?::([\w][\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(name) ?? []
  const slash = path.indexOf('/')
  const first = slash === -1 ? '' : path.slice(0, slash)
  const isRegistry = first === 'localhost' || /[.:]/.test(first)
  const registry = isRegistry ? first : 'docker.io'
  const rest = isRegistry ? path.slice(slash + 1) : path
  if (!/^[\w.-]+(:[0-9]+)?$/.test(registry) || !repository.test(rest)) return undefined
  const library = registry === 'docker.io' && !rest.includes('/') ? 'library/' : ''
  const version = digest === undefined ? `:${tag ?? 'latest'}` : tag === undefined ? '' : `:${tag}`
  return `${registry}/${library}${rest}${version}${digest === undefined ? '' : `@${digest}`}`
}

const repository =
  /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/
