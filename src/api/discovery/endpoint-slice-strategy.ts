import { equalJson, isDNS1123Subdomain, type Whole, type WholeDraft } from '#machinery'
import type { EndpointSliceSchema } from './endpoint-slice.ts'

type EndpointSlice = Whole<typeof EndpointSliceSchema>
type EndpointSliceDraft = WholeDraft<typeof EndpointSliceSchema>

export function prepareForCreate(draft: EndpointSliceDraft): void {
  dropTopology(draft, new Set())
}

export function prepareForUpdate(draft: EndpointSliceDraft, old: EndpointSlice): void {
  // Labels say which Service the endpoints belong to, so they count as part of the slice.
  if (!equalJson(draft.metadata.labels ?? {}, old.metadata.labels ?? {})) {
    draft.metadata.generation = (old.metadata.generation ?? 0) + 1
  }
  if (equalJson(draft.endpoints, old.endpoints)) return
  const names = (old.endpoints ?? []).map((endpoint) => endpoint.deprecatedTopology?.[hostname])
  dropTopology(draft, new Set(names))
}

const hostname = 'kubernetes.io/hostname'

/** v1 has no topology; the node's name, which it used to carry, is kept where it was known. */
function dropTopology(draft: EndpointSliceDraft, known: ReadonlySet<string | undefined>): void {
  for (const endpoint of draft.endpoints ?? []) {
    const name = endpoint.deprecatedTopology?.[hostname]
    if (name !== undefined && known.has(name) && isDNS1123Subdomain(name).length === 0) {
      endpoint.nodeName ??= name
    }
    delete endpoint.deprecatedTopology
  }
}
