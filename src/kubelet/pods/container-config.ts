import type { Container, Pod } from '#api'
import {
  annotations,
  labels,
  type ContainerConfig,
  type ContainerMount,
} from '../runtime/config.ts'
import type { Image } from '../runtime/runtime.ts'
import { containerHash } from './container-hash.ts'
import { expand } from './expansion.ts'
import { uidOf } from './observed.ts'
import { containerLog } from './pod-paths.ts'
import { containerResources } from './resources.ts'
import { containerSecurity } from './security.ts'

export interface ContainerInput {
  readonly pod: Pod
  readonly container: Container
  readonly attempt: number
  readonly image: Image
  readonly environment: ReadonlyMap<string, string>
  readonly mounts: readonly ContainerMount[]
  readonly memoryCapacityBytes: number
  /** The id of the container whose processes an ephemeral container is to see. */
  readonly targetId?: string | undefined
}

/** A container as CRI takes it. Throws a ConfigError where it may not run so. */
export function containerConfig(input: ContainerInput): ContainerConfig {
  const { pod, container, attempt, image, environment } = input
  const security = containerSecurity(pod, container, image)
  const expanded = (words: readonly string[] | undefined) =>
    (words ?? []).map((word) => expand(word, (name) => environment.get(name)))
  return {
    metadata: { name: container.name, attempt },
    image: { image: image.id, userSpecifiedImage: container.image ?? '' },
    command: expanded(container.command),
    args: expanded(container.args),
    workingDir: container.workingDir ?? '',
    envs: [...environment].map(([key, value]) => ({ key, value })),
    mounts: input.mounts,
    labels: {
      [labels.podName]: pod.metadata.name ?? '',
      [labels.podNamespace]: pod.metadata.namespace ?? '',
      [labels.podUid]: uidOf(pod),
      [labels.containerName]: container.name,
    },
    annotations: {
      [annotations.containerHash]: containerHash(container),
      [annotations.restartCount]: String(attempt),
      [annotations.terminationMessagePath]: container.terminationMessagePath ?? '',
      [annotations.terminationMessagePolicy]: container.terminationMessagePolicy ?? '',
    },
    logPath: containerLog(container.name, attempt),
    stdin: container.stdin === true,
    stdinOnce: container.stdinOnce === true,
    tty: container.tty === true,
    linux: {
      resources: containerResources(pod, container, input.memoryCapacityBytes),
      securityContext: {
        ...security,
        ...(input.targetId === undefined
          ? {}
          : {
              namespaceOptions: {
                ...security.namespaceOptions,
                pid: 'TARGET',
                targetId: input.targetId,
              },
            }),
      },
    },
  }
}
