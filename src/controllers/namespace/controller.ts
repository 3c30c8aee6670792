import { Namespace, namespaceFinalizer, Pod } from '#api'
import { formatTime } from '#base'
import { objectKey, type Lister } from '#client'
import { mutable } from '#machinery'
import { controller, type ControllerContext, type Outcome } from '../framework/controller.ts'
import { namespaceConditions, type Findings } from './conditions.ts'
import { emptyNamespace, secondsSince } from './content.ts'

/**
 * Differs from Kubernetes: emptying a namespace begins at once, and what slipped in behind it is
 * swept after the time for which upstream waits before it begins. Upstream's wait is for API
 * servers that have not yet heard of the deletion and let content in.
 */
const sweepAfterMs = 5_000

/**
 * Empties namespaces that are being deleted, tells in their conditions what is left and why, and
 * lets them go when nothing is.
 */
export const namespaceController = controller({
  name: 'namespace-controller',
  account: 'namespace-controller',
  workers: 10,
  setup(context) {
    const { clock } = context
    const namespaces = context.watch(Namespace, (namespace) => [objectKey(namespace)]).lister
    const isDeleting = (name: string) =>
      namespaces.get('', name)?.metadata.deletionTimestamp !== undefined
    const pods: Lister<Pod> = context.watch(
      Pod,
      ({ metadata: { namespace = '' } }) =>
        // Everything else waits for the last one.
        isDeleting(namespace) && pods.list(namespace).length === 0 ? [namespace] : [],
      { relevant: () => false },
    ).lister
    /** Elapsed times at which namespaces that are gone are swept. */
    const sweeps = new Map<string, number>()

    return async (name, signal) => {
      const namespace = namespaces.get('', name)
      if (namespace === undefined) return sweep(context, sweeps, name, signal)
      sweeps.delete(name)
      const { metadata, spec } = namespace
      if (metadata.deletionTimestamp === undefined) return
      if (spec.finalizers?.includes(namespaceFinalizer) !== true) return
      const round = await emptyNamespace({
        client: context.client,
        namespace: name,
        deletingForSeconds: secondsSince(metadata.deletionTimestamp, clock.now()),
        signal,
      })
      const current = await report(context, namespace, round.findings, signal)
      if (round.error !== undefined) throw round.error
      if (round.againInSeconds > 0) {
        return { againAfterMs: (Math.floor(round.againInSeconds / 2) + 1) * 1000 }
      }
      await finalize(context, current, signal)
      sweeps.set(name, clock.elapsed() + sweepAfterMs)
      return { againAfterMs: sweepAfterMs }
    }
  },
})

async function sweep(
  { client, clock }: ControllerContext,
  sweeps: Map<string, number>,
  name: string,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const at = sweeps.get(name)
  if (at === undefined) return
  const waitMs = at - clock.elapsed()
  if (waitMs > 0) return { againAfterMs: waitMs }
  const { error } = await emptyNamespace({
    client,
    namespace: name,
    deletingForSeconds: sweepAfterMs / 1000,
    signal,
  })
  if (error !== undefined) throw error
  sweeps.delete(name)
  return
}

/** Writes the conditions where they have changed; the namespace as it is then. */
async function report(
  { client, clock }: ControllerContext,
  namespace: Namespace,
  findings: Findings,
  signal: AbortSignal,
): Promise<Namespace> {
  const { status } = namespace
  const conditions = namespaceConditions(status.conditions, findings, formatTime(clock.now()))
  if (conditions === undefined) return namespace
  const draft = mutable(namespace)
  draft.status.conditions = [...conditions]
  return client.resource(Namespace).updateStatus(draft, { signal })
}

/** The namespace may go as far as this controller is concerned. */
async function finalize(
  { client }: ControllerContext,
  namespace: Namespace,
  signal: AbortSignal,
): Promise<void> {
  const draft = mutable(namespace)
  draft.spec.finalizers = (draft.spec.finalizers ?? []).filter(
    (name) => name !== namespaceFinalizer,
  )
  const finalizing = client.resource(Namespace).subresource<Namespace>('finalize')
  await finalizing.update(namespace.metadata.name ?? '', draft, { signal })
}
