import type { EndpointAddress, EndpointSubset } from '#api'

/** More addresses one Endpoints object does not hold (API documentation of v1 Endpoints). */
export const addressesMax = 1_000

/**
 * The subsets with no more addresses than an object may hold, or undefined where they have no
 * more. Ready ones go in first; each subset keeps its share of what there is room for.
 */
export function truncated(
  subsets: readonly EndpointSubset[],
  max = addressesMax,
): EndpointSubset[] | undefined {
  const ready = total(subsets.map(({ addresses }) => addresses))
  const notReady = total(subsets.map(({ notReadyAddresses }) => notReadyAddresses))
  if (ready + notReady <= max) return undefined
  const cutsReady = ready > max
  const room = cutsReady ? max : max - ready
  const all = cutsReady ? ready : notReady
  let left = room
  const share = (addresses: readonly EndpointAddress[] = []) => {
    // Rounded up: the last subsets get what the others leave.
    const count = Math.min(left, Math.ceil((addresses.length / all) * room))
    left -= count
    return addresses.slice(0, count)
  }
  return subsets
    .map(({ addresses = [], notReadyAddresses = [], ...rest }) =>
      cutsReady
        ? { rest, addresses: share(addresses), notReadyAddresses: [] }
        : { rest, addresses, notReadyAddresses: share(notReadyAddresses) },
    )
    .filter(({ addresses, notReadyAddresses }) => addresses.length + notReadyAddresses.length > 0)
    .map(({ rest, addresses, notReadyAddresses }) => ({
      ...(addresses.length > 0 && { addresses }),
      ...(notReadyAddresses.length > 0 && { notReadyAddresses }),
      ...rest,
    }))
}

function total(lists: readonly (readonly EndpointAddress[] | undefined)[]): number {
  return lists.reduce((sum, list) => sum + (list?.length ?? 0), 0)
}
