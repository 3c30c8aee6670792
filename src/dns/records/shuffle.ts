import type { Random } from '#base'
import { recordType } from '../wire/codes.ts'
import type { ResourceRecord } from '../wire/message.ts'

/** In any order, so that who takes the first one does not always take the same. */
export function shuffled(random: Random, records: readonly ResourceRecord[]): ResourceRecord[] {
  const order = [...records]
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.integer(i + 1)
    const [a, b] = [order[i], order[j]]
    if (a !== undefined && b !== undefined) [order[i], order[j]] = [b, a]
  }
  return order
}

/** Only addresses change places with each other: the aliases before them are a chain. */
export function withAddressesShuffled(
  random: Random,
  records: readonly ResourceRecord[],
): readonly ResourceRecord[] {
  const addresses = shuffled(random, records.filter(isAddress))
  if (addresses.length < 2) return records
  return records.map((record) => (isAddress(record) ? (addresses.pop() ?? record) : record))
}

function isAddress({ type }: ResourceRecord): boolean {
  return type === recordType.A || type === recordType.AAAA
}
