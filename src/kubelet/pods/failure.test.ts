import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ImageError } from '../images/image-puller.ts'
import { observed, testPod } from '../testing/objects.ts'
import { ConfigError } from './environment.ts'
import { CreateError, failureOf } from './failure.ts'
import type { Action } from './pod-step.ts'

test('what failed is told in words that people know', () => {
  const [container] = testPod('web', {}).spec.containers ?? []
  const [sandbox] = observed().sandboxes
  assert.ok(container !== undefined && sandbox !== undefined)
  const start: Action = { type: 'startContainer', container, attempt: 0, ended: undefined }
  const table: readonly [Action, Error, string | undefined, string | undefined][] = [
    [
      { type: 'createSandbox', attempt: 0 },
      new Error('no network'),
      undefined,
      'FailedCreatePodSandBox Failed to create pod sandbox: no network',
    ],
    [start, new ImageError('ErrImagePull', 'not found'), 'ErrImagePull', undefined],
    [
      start,
      new ImageError('ImagePullBackOff', 'Back-off pulling image "web"'),
      'ImagePullBackOff',
      'Failed Error: ImagePullBackOff',
    ],
    [
      start,
      new ConfigError('secret "s" not found'),
      'CreateContainerConfigError',
      'Failed Error: secret "s" not found',
    ],
    [
      start,
      new CreateError('no command specified'),
      'CreateContainerError',
      'Failed Error: no command specified',
    ],
    [start, new Error('no such program'), 'RunContainerError', 'Failed Error: no such program'],
    [
      { type: 'stopSandbox', sandbox, changed: false },
      new Error('busy'),
      undefined,
      'FailedKillPod error killing pod: busy',
    ],
    [{ type: 'removeContainer', id: 'main-0' }, new Error('busy'), undefined, undefined],
  ]
  for (const [action, error, reason, event] of table) {
    const failure = failureOf(action, error)
    const told = failure.event && `${failure.event.reason} ${failure.event.message}`
    assert.deepEqual([failure.waiting?.reason, told], [reason, event])
    assert.equal(failure.container, action === start ? container : undefined)
  }
})
