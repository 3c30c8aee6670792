import { getOwn, isDictionary } from './own-property.ts'
import type { Json } from './schema.ts'

/** One step of a path: all that it selects below a value. */
type Step = (value: Json) => readonly Json[]

const parsed = new Map<string, readonly Step[] | undefined>()
const parsedMax = 10_000

/**
 * The values a simple JSONPath selects, as columns and subresources of custom resources use it:
 * `.spec.replicas`, `.status.conditions[?(@.type=="Ready")].status`, `.spec.ports[0]`,
 * `.metadata.labels['a/b']`, `.spec.items[*].name`. Nothing for a path that cannot be read.
 */
export function selectPath(path: string, value: Json): readonly Json[] {
  let steps = parsed.get(path)
  if (steps === undefined && !parsed.has(path)) {
    steps = parsePath(path)
    if (parsed.size >= parsedMax) parsed.clear()
    parsed.set(path, steps)
  }
  if (steps === undefined) return []
  return steps.reduce<readonly Json[]>((values, step) => values.flatMap(step), [value])
}

/** Whether a JSONPath can be read. */
export function isReadablePath(path: string): boolean {
  return parsePath(path) !== undefined
}

const token =
  /^(?:\.((?:[^.[\]\\]|\\.)+)|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]|\[(-?\d+)\]|\[\*\]|\.\*|\[\?\(@((?:[^()"']|"[^"]*"|'[^']*')*)\)\])/

const comparison = /^((?:[^=!<>\s]|\\.)+)\s*(==|!=)\s*(?:"([^"]*)"|'([^']*)'|(\S+))\s*$/

function parsePath(path: string): readonly Step[] | undefined {
  const steps: Step[] = []
  let rest = path.startsWith('$') ? path.slice(1) : path
  while (rest !== '') {
    const match = token.exec(rest)
    if (match === null) return undefined
    const [whole, dotted, single, double, index, filter] = match
    const name = dotted ?? single ?? double
    if (name !== undefined && dotted !== '*') steps.push(field(name.replace(/\\(.)/g, '$1')))
    else if (index !== undefined) steps.push(item(Number(index)))
    else if (filter !== undefined) {
      const step = filterStep(filter)
      if (step === undefined) return undefined
      steps.push(step)
    } else steps.push(everything)
    rest = rest.slice(whole.length)
  }
  return steps
}

function field(name: string): Step {
  return (value) => {
    const part = isDictionary(value) ? getOwn(value, name) : undefined
    return part === undefined ? [] : [part]
  }
}

function item(index: number): Step {
  return (value) => {
    const part: Json | undefined = Array.isArray(value) ? value.at(index) : undefined
    return part === undefined ? [] : [part]
  }
}

function everything(value: Json): readonly Json[] {
  if (Array.isArray(value)) return value
  return isDictionary(value) ? Object.values(value) : []
}

function filterStep(filter: string): Step | undefined {
  const match = comparison.exec(filter.trim())
  if (match === null) {
    const steps = parsePath(filter.trim())
    if (steps === undefined) return undefined
    return (value) => itemsOf(value).filter((part) => follow(steps, part).length > 0)
  }
  const [, left = '', operator, double, single, bare] = match
  const steps = parsePath(left.trim())
  if (steps === undefined) return undefined
  const wanted = double ?? single ?? bare ?? ''
  return (value) =>
    itemsOf(value).filter((part) => {
      const [found] = follow(steps, part)
      if (found === undefined) return false
      return (text(found) === wanted) === (operator === '==')
    })
}

function itemsOf(value: Json): readonly Json[] {
  return Array.isArray(value) ? value : []
}

function follow(steps: readonly Step[], value: Json): readonly Json[] {
  return steps.reduce<readonly Json[]>((values, step) => values.flatMap(step), [value])
}

function text(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
