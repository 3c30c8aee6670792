import { createRequire } from 'node:module'
import type { RE2JS } from 're2js'

type Engine = { readonly RE2JS: typeof RE2JS }

let engine: Engine | undefined
const compiled = new Map<string, RE2JS | Error>()
const compiledMax = 10_000

/**
 * Whether a text contains a match of a user's regular expression, in Go's syntax and in linear
 * time. An expression that cannot be compiled gives the error. Compiled expressions are kept; the
 * engine is loaded when the first one is needed.
 */
export function matchesPattern(pattern: string, text: string): boolean | Error {
  const expression = compile(pattern)
  return expression instanceof Error ? expression : expression.matcher(text).find()
}

/** Why a regular expression cannot be compiled; undefined when it can. */
export function patternError(pattern: string): Error | undefined {
  const expression = compile(pattern)
  return expression instanceof Error ? expression : undefined
}

function compile(pattern: string): RE2JS | Error {
  const known = compiled.get(pattern)
  if (known !== undefined) return known
  // oxlint-disable-next-line typescript/no-unsafe-assignment -- what a module holds is not known here
  engine ??= createRequire(import.meta.url)('re2js') as Engine
  let made: RE2JS | Error
  try {
    made = engine.RE2JS.compile(pattern)
  } catch (error) {
    made = error instanceof Error ? error : new Error(String(error))
  }
  if (compiled.size >= compiledMax) compiled.clear()
  compiled.set(pattern, made)
  return made
}
