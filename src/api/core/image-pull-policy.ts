/**
 * The policy for an image whose puller was not told: a name without tag or digest means the tag
 * latest, which may change at any time. What cannot be read as an image name is not judged here.
 */
export function defaultImagePullPolicy(image: string | undefined): 'Always' | 'IfNotPresent' {
  return image !== undefined && tagOf(image) === 'latest' ? 'Always' : 'IfNotPresent'
}

/** The grammar of image references (distribution's reference package). */
const host = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])'
const domain = `(?:(?:${host}(?:\\.${host})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?)`
const part = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*'
const reference = new RegExp(
  `^(?:${domain}/)?${part}(?:/${part})*(?::(\\w[\\w.-]{0,127}))?(@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$`,
)

function tagOf(image: string): string | undefined {
  const match = reference.exec(image)
  if (match === null) return undefined
  const [, tag, digest] = match
  return tag ?? (digest === undefined ? 'latest' : undefined)
}
