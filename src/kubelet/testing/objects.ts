import { Pod } from '#api'
import { decodeObject, deepFreeze, defaultObject } from '#machinery'
import type { ObservedPod } from '../pods/observed.ts'
import type { ContainerStatus, SandboxStatus } from '../runtime/runtime.ts'

/** A pod in namespace default, its uid its name, decoded and defaulted as the API server does. */
export function testPod(name: string, fields: { spec?: object; status?: object } = {}): Pod {
  const { draft } = decodeObject(
    Pod.faces[0],
    JSON.parse(
      JSON.stringify({
        metadata: { name, namespace: 'default', uid: name, labels: { app: name } },
        spec: { containers: [{ name: 'main', image: 'web' }], ...fields.spec },
        status: fields.status,
      }),
    ),
  )
  defaultObject(Pod.faces[0], draft)
  // The decoder has made it by the resource's schema.
  const pod: unknown = deepFreeze(draft)
  return pod as Pod
}

export function testSandbox(fields: Partial<SandboxStatus> = {}): SandboxStatus {
  return {
    id: 'sandbox',
    podUid: 'web',
    podName: 'web',
    podNamespace: 'default',
    attempt: 0,
    ready: true,
    createdAtMs: 0,
    ips: ['10.42.0.2'],
    ...fields,
  }
}

/** A container in the test sandbox that runs since the first second. */
export function testContainer(
  name: string,
  fields: Partial<ContainerStatus> = {},
): ContainerStatus {
  return {
    id: `${name}-${fields.attempt ?? 0}`,
    sandboxId: 'sandbox',
    podUid: 'web',
    name,
    attempt: 0,
    state: 'running',
    createdAtMs: 0,
    startedAtMs: 1_000,
    finishedAtMs: 0,
    exitCode: 0,
    image: 'web',
    imageRef: 'sha256:web',
    reason: '',
    message: '',
    annotations: {},
    logPath: '',
    resources: undefined,
    ...fields,
  }
}

/** The same, ended at the second second. */
export function endedContainer(
  name: string,
  exitCode: number,
  fields: Partial<ContainerStatus> = {},
): ContainerStatus {
  const reason = exitCode === 0 ? 'Completed' : 'Error'
  return testContainer(name, { state: 'exited', exitCode, reason, finishedAtMs: 2_000, ...fields })
}

export function observed(...containers: readonly ContainerStatus[]): ObservedPod {
  return { sandboxes: [testSandbox()], containers }
}
