import { formatSelector } from '../columns.ts'
import type { ParamKind, ParamRef } from './match.ts'

export function formatParamKind(kind: ParamKind | undefined): string {
  return kind === undefined ? '<unset>' : `${kind.apiVersion ?? ''}/${kind.kind ?? ''}`
}

export function formatParamRef(ref: ParamRef | undefined): string {
  if (ref === undefined) return '<unset>'
  if (ref.name !== undefined) {
    return ref.namespace === undefined ? ref.name : `${ref.namespace}/${ref.name}`
  }
  return ref.selector === undefined ? '<unset>' : formatSelector(ref.selector)
}
