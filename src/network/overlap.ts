import { cidrsOverlap, parseCidr } from '#machinery'

/** Whether two prefixes have an address in common; what is none has none. */
export function overlap(a: string, b: string): boolean {
  const [one, other] = [parseCidr(a), parseCidr(b)]
  return one !== undefined && other !== undefined && cidrsOverlap(one, other)
}
