/** What a client must be allowed on the Node for a request; one of the subresources is enough. */
export interface NodeAttributes {
  readonly verb: string
  /** In the order in which they are asked for. */
  readonly subresources: readonly string[]
}

/** Upstream's mapping of methods and paths, with the fine-grained subresources of KEP-2862. */
export function nodeAttributes(method: string, path: string): NodeAttributes {
  const is = (prefix: string) => path === prefix || path.startsWith(`${prefix}/`)
  return { verb: verbs.get(method) ?? '', subresources: subresourcesOf(is) }
}

const verbs = new Map([
  ['POST', 'create'],
  ['GET', 'get'],
  ['PUT', 'update'],
  ['PATCH', 'patch'],
  ['DELETE', 'delete'],
])

function subresourcesOf(is: (prefix: string) => boolean): readonly string[] {
  if (is('/pods') || is('/runningpods')) return ['pods', 'proxy']
  if (is('/healthz')) return ['healthz', 'proxy']
  if (is('/configz')) return ['configz', 'proxy']
  if (is('/stats')) return ['stats']
  if (is('/metrics')) return ['metrics']
  if (is('/logs')) return ['log']
  return ['proxy']
}
