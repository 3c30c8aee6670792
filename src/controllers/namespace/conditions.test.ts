import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { namespaceConditions, type Findings } from './conditions.ts'

const nothingLeft: Findings = {
  discoveryFailure: undefined,
  contentFailures: [],
  remaining: new Map(),
  finalizers: new Map(),
}

function conditionsOf(findings: Findings, current = namespaceConditions([], nothingLeft, 't0')) {
  const conditions = namespaceConditions(current, findings, 't1') ?? []
  return new Map(conditions.map((condition) => [condition.type, condition]))
}

describe('namespaceConditions', () => {
  it('says of an empty namespace that all went well', () => {
    const conditions = namespaceConditions(undefined, nothingLeft, 't0') ?? []
    assert.equal(conditions.length, 5)
    for (const { status, lastTransitionTime } of conditions) {
      assert.deepEqual([status, lastTransitionTime], ['False', 't0'])
    }
  })

  it('changes nothing that is as it should be', () => {
    const conditions = namespaceConditions([], nothingLeft, 't0')
    assert.equal(namespaceConditions(conditions, nothingLeft, 't1'), undefined)
  })

  it('lists what is left, sorted', () => {
    const conditions = conditionsOf({
      ...nothingLeft,
      remaining: new Map([
        ['pods.', 2],
        ['deployments.apps', 1],
      ]),
      finalizers: new Map([['example.com/b', 1]]),
    })
    assert.deepEqual(conditions.get('NamespaceContentRemaining'), {
      type: 'NamespaceContentRemaining',
      status: 'True',
      lastTransitionTime: 't1',
      reason: 'SomeResourcesRemain',
      message:
        'Some resources are remaining: deployments.apps has 1 resource instances, pods. has 2 resource instances',
    })
    assert.equal(
      conditions.get('NamespaceFinalizersRemaining')?.message,
      'Some content in the namespace has finalizers remaining: example.com/b in 1 resource instances',
    )
    assert.equal(conditions.get('NamespaceDeletionContentFailure')?.lastTransitionTime, 't0')
  })

  it('keeps the time of a transition while only the message changes', () => {
    const one = conditionsOf({ ...nothingLeft, contentFailures: ['b', 'a'] })
    const two = namespaceConditions(
      [...one.values()],
      { ...nothingLeft, contentFailures: ['a'] },
      't2',
    )
    const failure = two?.find(({ type }) => type === 'NamespaceDeletionContentFailure')
    assert.deepEqual(
      [failure?.message, failure?.lastTransitionTime],
      ['Failed to delete all resource types, 1 remaining: a', 't1'],
    )
  })

  it('keeps conditions of others', () => {
    const other = { type: 'Other', status: 'True', lastTransitionTime: 't0' } as const
    assert.deepEqual(namespaceConditions([other], nothingLeft, 't1')?.[0], other)
  })
})
