import type { Container, Pod, Secret } from '#api'
import { asError, type Clock } from '#base'
import { formatDurationMs } from '#machinery'
import type { Waiting } from '../pods/pod-status.ts'
import type { Image, PullCredentials, Runtime } from '../runtime/runtime.ts'

/** An image is not there, with what the container's status says about it. */
export class ImageError extends Error {
  override readonly name = 'ImageError'
  readonly waiting: Waiting

  constructor(reason: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.waiting = { reason, message }
  }
}

export interface PullEvents {
  (type: 'Normal' | 'Warning', reason: string, message: string): void
}

const backoff = { initialMs: 10_000, maxMs: 300_000 }

/** Sees to it that containers' images are on the machine. */
export class ImagePuller {
  readonly #runtime: Runtime
  readonly #clock: Clock
  /** Pulls that failed, by pod and image. */
  readonly #failed = new Map<string, { readonly delayMs: number; readonly atMs: number }>()

  constructor(runtime: Runtime, clock: Clock) {
    this.#runtime = runtime
    this.#clock = clock
  }

  /** The image as its pull policy says. Throws an ImageError. */
  async ensure(
    pod: Pod,
    container: Container,
    secrets: readonly Secret[],
    tell: PullEvents,
    signal: AbortSignal,
  ): Promise<Image> {
    const name = container.image ?? ''
    const policy = container.imagePullPolicy ?? 'IfNotPresent'
    const present = policy === 'Always' ? undefined : await this.#present(name)
    if (present !== undefined) {
      const how = `Container image "${name}" already present on machine`
      tell('Normal', 'Pulled', `${how} and can be accessed by the pod`)
      return present
    }
    if (policy === 'Never') {
      const message = `Container image "${name}" is not present with pull policy of Never`
      tell('Warning', 'ErrImageNeverPull', message)
      throw new ImageError('ErrImageNeverPull', message)
    }
    return this.#pull(`${pod.metadata.uid ?? ''}/${name}`, name, secrets, tell, signal)
  }

  async #pull(
    key: string,
    name: string,
    secrets: readonly Secret[],
    tell: PullEvents,
    signal: AbortSignal,
  ): Promise<Image> {
    const before = this.#failed.get(key)
    if (before !== undefined && this.#clock.now() < before.atMs + before.delayMs) {
      const message = `Back-off pulling image "${name}"`
      tell('Normal', 'BackOff', message)
      throw new ImageError('ImagePullBackOff', message)
    }
    tell('Normal', 'Pulling', `Pulling image "${name}"`)
    const beganMs = this.#clock.elapsed()
    try {
      await this.#runtime.pullImage(name, credentialsFor(name, secrets), signal)
    } catch (cause) {
      const delayMs = Math.min((before?.delayMs ?? backoff.initialMs / 2) * 2, backoff.maxMs)
      this.#failed.set(key, { delayMs, atMs: this.#clock.now() })
      const why = asError(cause).message
      tell('Warning', 'Failed', `Failed to pull image "${name}": ${why}`)
      tell('Warning', 'Failed', 'Error: ErrImagePull')
      throw new ImageError('ErrImagePull', why, { cause })
    }
    this.#failed.delete(key)
    const image = await this.#present(name)
    if (image === undefined) throw new ImageError('ErrImagePull', `image "${name}" is gone again`)
    const took = formatDurationMs(Math.floor(this.#clock.elapsed() - beganMs))
    tell(
      'Normal',
      'Pulled',
      `Successfully pulled image "${name}" in ${took} (${took} including waiting). ` +
        `Image size: ${image.sizeBytes} bytes.`,
    )
    return image
  }

  async #present(name: string): Promise<Image | undefined> {
    try {
      return await this.#runtime.image(name)
    } catch (cause) {
      throw new ImageError('ImageInspectError', asError(cause).message, { cause })
    }
  }
}

/** From the pull secrets, those of the image's registry. */
function credentialsFor(name: string, secrets: readonly Secret[]): PullCredentials | undefined {
  const [first = ''] = name.split('/')
  const registry = first.includes('.') || first.includes(':') ? first : 'docker.io'
  for (const { data } of secrets) {
    const text = data?.['.dockerconfigjson']
    if (text === undefined) continue
    const auths = parsedAuths(Buffer.from(text, 'base64').toString('utf8'))
    const found = Object.entries(auths).find(
      ([server]) => server.replace(/^https?:\/\//, '').split('/')[0] === registry,
    )
    if (found !== undefined) return found[1]
  }
  return undefined
}

function parsedAuths(text: string): Readonly<Record<string, PullCredentials>> {
  try {
    const parsed: unknown = JSON.parse(text)
    const auths = typeof parsed === 'object' && parsed !== null && 'auths' in parsed && parsed.auths
    // What is no credential in it, the registry refuses.
    return (auths as Readonly<Record<string, PullCredentials>>) || {}
  } catch {
    return {}
  }
}
