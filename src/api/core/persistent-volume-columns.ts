/** How kubectl abbreviates access modes, in this order. */
const abbreviations: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
}

export function formatAccessModes(modes: readonly string[] | undefined): string {
  return Object.entries(abbreviations)
    .flatMap(([mode, short]) => (modes?.includes(mode) === true ? [short] : []))
    .join(',')
}

export function claimName(
  claim: { readonly namespace?: string; readonly name?: string } | undefined,
): string {
  return claim === undefined ? '' : `${claim.namespace ?? ''}/${claim.name ?? ''}`
}
