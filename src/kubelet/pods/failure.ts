import type { Container } from '#api'
import { ImageError } from '../images/image-puller.ts'
import { ConfigError } from './environment.ts'
import type { Waiting } from './pod-status.ts'
import type { Action } from './pod-step.ts'

/** The runtime would not make a container. */
export class CreateError extends Error {
  override readonly name = 'CreateError'
}

/** How people hear of an action that failed. */
export interface Failure {
  /** What the container's status says until it runs. */
  readonly waiting?: Waiting
  readonly event?: { readonly reason: string; readonly message: string }
  /** Which one it is about; the pod as a whole where there is none. */
  readonly container?: Container
}

/** In upstream's words. What the image puller has told of already is not told again. */
export function failureOf(action: Action, error: Error): Failure {
  switch (action.type) {
    case 'createSandbox': {
      const message = `Failed to create pod sandbox: ${error.message}`
      return { event: { reason: 'FailedCreatePodSandBox', message } }
    }
    case 'startContainer': {
      const { container } = action
      const waiting = waitingFor(error)
      if (error instanceof ImageError && waiting.reason !== 'ImagePullBackOff') {
        return { container, waiting }
      }
      const why = error instanceof ImageError ? waiting.reason : error.message
      return { container, waiting, event: { reason: 'Failed', message: `Error: ${why}` } }
    }
    case 'killContainer':
    case 'stopSandbox': {
      const message = `error killing pod: ${error.message}`
      return { event: { reason: 'FailedKillPod', message } }
    }
    case 'resize': {
      const message = `error resizing pod: ${error.message}`
      return { event: { reason: 'ResizeError', message } }
    }
    case 'removeContainer':
      return {}
  }
}

function waitingFor(error: Error): Waiting {
  if (error instanceof ImageError) return error.waiting
  const { message } = error
  if (error instanceof ConfigError) return { reason: 'CreateContainerConfigError', message }
  if (error instanceof CreateError) return { reason: 'CreateContainerError', message }
  return { reason: 'RunContainerError', message }
}
