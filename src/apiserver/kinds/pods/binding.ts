import { formatTime } from '#base'
import { Binding, Pod } from '#api'
import { errors, field, FieldPath, mutable, quote, type Mutable } from '#machinery'
import type { Call } from '../../registry/call.ts'
import type { Answer } from '../../request.ts'
import { callOf, rewrite } from '../rewrite.ts'
import type { SubresourceCall } from '../subresource.ts'
import {
  admitVirtual,
  doneAnswer,
  readVirtual,
  settleName,
  settleNamespace,
  type VirtualWrite,
} from '../virtual.ts'
import { setPodCondition } from './pod-condition.ts'

const face = Binding.faces[0]

/** POST pods/<name>/binding: how a scheduler gives a pod its node. */
export async function bindPod(request: SubresourceCall): Promise<Answer> {
  const write = readVirtual(request, face)
  settleName(request, write.draft, 'Binding')
  return bind(request.call, write)
}

/** POST bindings: the older way, which names the pod in the body. */
export async function createBinding(request: SubresourceCall): Promise<Answer> {
  const write = readVirtual(request, face)
  settleNamespace(request.call, write.draft)
  if ((write.draft.metadata.name ?? '') === '') {
    throw errors.badRequest('name must be provided')
  }
  return bind(request.call, write)
}

async function bind(call: Call, write: VirtualWrite): Promise<Answer> {
  const binding = write.draft as Mutable<Binding>
  validate(binding)
  await admitVirtual(call, face, write)
  const { name = '', namespace = '' } = binding.metadata
  const nowMs = call.registry.clock.now()
  const assign = (current: Pod) => assigned(current, binding, nowMs)
  const target = callOf(call, Pod, namespace, name)
  if (write.options.dryRun) {
    const standing = call.registry.cache.cache(Pod).get(namespace, name)
    if (standing === undefined) throw errors.notFound({ group: '', resource: 'pods' }, name)
    assign(standing.object as Pod)
  } else {
    await rewrite(target, (current) => assign(current as Pod))
  }
  return doneAnswer()
}

// Differs from Kubernetes: upstream answers what is wrong here with a 500 that says no more.
function validate({ target, metadata }: Mutable<Binding>): void {
  const path = FieldPath.root('target')
  const problems = []
  const { kind = '', name = '' } = target
  if (kind !== '' && kind !== 'Node') {
    problems.push(field.notSupported(path.child('kind'), kind, ['Node', '<empty>']))
  }
  if (name === '') problems.push(field.required(path.child('name')))
  if (problems.length > 0) throw errors.invalid(face, metadata.name ?? '', problems)
}

/** The pod on its node; refused where it cannot be given one, in upstream's words. */
function assigned(pod: Pod, binding: Mutable<Binding>, nowMs: number): Mutable<Pod> {
  const { metadata, spec } = pod
  const name = metadata.name ?? ''
  const refuse = (why: string) => {
    throw errors.conflict({ group: '', resource: 'pods/binding' }, name, why)
  }
  const { uid = '', resourceVersion = '' } = binding.metadata
  checkPrecondition(name, 'UID', uid, metadata.uid)
  checkPrecondition(name, 'ResourceVersion', resourceVersion, metadata.resourceVersion)
  if (metadata.deletionTimestamp !== undefined) {
    refuse(`pod ${name} is being deleted, cannot be assigned to a host`)
  }
  if ((spec.nodeName ?? '') !== '') {
    refuse(`pod ${name} is already assigned to node ${quote(spec.nodeName ?? '')}`)
  }
  if ((spec.schedulingGates ?? []).length > 0) {
    refuse(`pod ${name} has non-empty .spec.schedulingGates`)
  }
  const draft = mutable(pod)
  draft.spec.nodeName = binding.target.name ?? ''
  if (binding.metadata.annotations !== undefined) {
    draft.metadata.annotations = { ...draft.metadata.annotations, ...binding.metadata.annotations }
  }
  setPodCondition(draft, scheduled(pod), formatTime(nowMs))
  return draft
}

function scheduled({ metadata }: Pod): Parameters<typeof setPodCondition>[1] {
  const { generation } = metadata
  const condition = { type: 'PodScheduled', status: 'True' } as const
  return generation === undefined ? condition : { ...condition, observedGeneration: generation }
}

function checkPrecondition(name: string, what: string, wanted: string, actual = ''): void {
  if (wanted === '' || wanted === actual) return
  throw errors.conflict(
    { group: '', resource: 'pods' },
    name,
    `Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${actual}`,
  )
}
