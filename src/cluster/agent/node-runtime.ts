import type { Clock, Log, Random } from '#base'
import {
  CriRuntime,
  importImages,
  machineArchitecture,
  pauseImage,
  pauseImageName,
  type Containerd,
} from '#kubelet'
import type { Exec, Mounts } from '#linux'
import { keepContainerd } from './run-containerd.ts'

export interface NodeRuntimeOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Of containerd, with all that it keeps. */
  readonly directory: string
  readonly exec: Exec
  readonly mounts: Mounts
}

/** A node's containerd. Disposal leaves it running. */
export interface NodeRuntime extends AsyncDisposable {
  readonly cri: CriRuntime
  /** The containerd that runs now. */
  readonly containerd: Containerd
  /** Disposal that also ends a containerd that was not there before. */
  withdraw(): Promise<void>
}

/** Starts containerd, or takes over the one that runs, and has it know the image of sandboxes. */
export async function startNodeRuntime(options: NodeRuntimeOptions): Promise<NodeRuntime> {
  const { exec } = options
  await using stack = new AsyncDisposableStack()
  const kept = stack.use(await keepContainerd({ ...options, pauseImage: pauseImageName }))
  const { address, isNew } = kept.current
  const cri = stack.use(new CriRuntime({ ...options, address }))
  if ((await cri.image(pauseImageName)) === undefined) {
    await importImages(exec, address, pauseImage(machineArchitecture()))
  }
  const own = stack.move()
  return {
    cri,
    get containerd() {
      return kept.current
    },
    async withdraw() {
      await own.disposeAsync()
      if (isNew) await kept.current.stop()
    },
    [Symbol.asyncDispose]: () => own.disposeAsync(),
  }
}
