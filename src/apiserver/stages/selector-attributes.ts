import { parseFieldSelector, parseLabelSelector } from '#machinery'
import type { Attributes } from '../authorization/authorizer.ts'
import type { RequestInfo } from '../request-info.ts'

type Selectors = Pick<Attributes, 'fieldSelector' | 'labelSelector'>

/**
 * The selectors of a list, watch or deletecollection, for authorizers that allow by them (KEP-4601).
 * One that cannot be read is left out: the handler refuses it later, and nothing is allowed by it.
 */
export function selectorAttributes(info: RequestInfo, query: URLSearchParams): Selectors {
  if (!selecting.has(info.verb)) return none
  const fields = query.get('fieldSelector') ?? ''
  const labels = query.get('labelSelector') ?? ''
  if (fields === '' && labels === '') return none
  return {
    ...(fields === '' ? {} : fieldRequirements(fields)),
    ...(labels === '' ? {} : labelRequirements(labels)),
  }
}

const selecting: ReadonlySet<string> = new Set(['list', 'watch', 'deletecollection'])
const none: Selectors = {}

function fieldRequirements(text: string): Selectors {
  try {
    return {
      fieldSelector: parseFieldSelector(text).requirements.map(({ field, operator, value }) => ({
        key: field,
        operator,
        values: [value],
      })),
    }
  } catch {
    return none
  }
}

function labelRequirements(text: string): Selectors {
  try {
    return { labelSelector: parseLabelSelector(text).requirements }
  } catch {
    return none
  }
}
