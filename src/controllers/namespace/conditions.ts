import type { NamespaceCondition } from '#api'

/** What a round of emptying a namespace has found. */
export interface Findings {
  /** What could not be discovered; undefined where all was. */
  readonly discoveryFailure: string | undefined
  /** Why content could not be deleted. */
  readonly contentFailures: readonly string[]
  /** Objects that are left, by `<resource>.<group>`. */
  readonly remaining: ReadonlyMap<string, number>
  /** Objects that are left because of a finalizer, by finalizer. */
  readonly finalizers: ReadonlyMap<string, number>
}

/**
 * The conditions of a namespace after a round, or undefined where they are as they should be.
 * Conditions of other writers stay.
 */
export function namespaceConditions(
  current: readonly NamespaceCondition[] | undefined,
  findings: Findings,
  now: string,
): readonly NamespaceCondition[] | undefined {
  const conditions = [...(current ?? [])]
  let changed = false
  for (const wanted of wantedConditions(findings)) {
    const at = conditions.findIndex(({ type }) => type === wanted.type)
    const old = conditions[at]
    if (old === undefined) {
      conditions.push({ ...wanted, lastTransitionTime: now })
      changed = true
    } else if (
      old.status !== wanted.status ||
      old.reason !== wanted.reason ||
      old.message !== wanted.message
    ) {
      const lastTransitionTime = old.status === wanted.status ? old.lastTransitionTime : now
      conditions[at] = { ...wanted, lastTransitionTime }
      changed = true
    }
  }
  return changed ? conditions : undefined
}

type Wanted = Omit<NamespaceCondition, 'lastTransitionTime'>

function wantedConditions(findings: Findings): Wanted[] {
  const { discoveryFailure, contentFailures, remaining, finalizers } = findings
  return [
    discoveryFailure === undefined
      ? fine(
          'NamespaceDeletionDiscoveryFailure',
          'ResourcesDiscovered',
          'All resources successfully discovered',
        )
      : wrong('NamespaceDeletionDiscoveryFailure', 'DiscoveryFailed', discoveryFailure),
    // Names of groups and versions need no parsing here, so it cannot fail.
    fine(
      'NamespaceDeletionGroupVersionParsingFailure',
      'ParsedGroupVersions',
      'All legacy kube types successfully parsed',
    ),
    contentFailures.length === 0
      ? fine(
          'NamespaceDeletionContentFailure',
          'ContentDeleted',
          'All content successfully deleted, may be waiting on finalization',
        )
      : wrong(
          'NamespaceDeletionContentFailure',
          'ContentDeletionFailed',
          `Failed to delete all resource types, ${contentFailures.length} remaining: ${sorted(contentFailures)}`,
        ),
    remaining.size === 0
      ? fine('NamespaceContentRemaining', 'ContentRemoved', 'All content successfully removed')
      : wrong(
          'NamespaceContentRemaining',
          'SomeResourcesRemain',
          `Some resources are remaining: ${counts(remaining, 'has')}`,
        ),
    finalizers.size === 0
      ? fine(
          'NamespaceFinalizersRemaining',
          'ContentHasNoFinalizers',
          'All content-preserving finalizers finished',
        )
      : wrong(
          'NamespaceFinalizersRemaining',
          'SomeFinalizersRemain',
          `Some content in the namespace has finalizers remaining: ${counts(finalizers, 'in')}`,
        ),
  ]
}

function fine(type: string, reason: string, message: string): Wanted {
  return { type, status: 'False', reason, message }
}

function wrong(type: string, reason: string, message: string): Wanted {
  return { type, status: 'True', reason, message }
}

function counts(of: ReadonlyMap<string, number>, verb: 'has' | 'in'): string {
  return sorted([...of].map(([name, count]) => `${name} ${verb} ${count} resource instances`))
}

function sorted(texts: readonly string[]): string {
  return texts.toSorted().join(', ')
}
