import { watch, type FSWatcher } from 'node:fs'
import { deferred, type Deferred } from '#base'

/**
 * Says that something in a directory has changed: a file was written, made, renamed. Changes that
 * come while nobody waits are kept as one.
 */
export class DirectoryChanges implements Disposable {
  readonly #watcher: FSWatcher
  #changed = false
  #waiting: Deferred<void> | undefined

  /** Throws where the directory is not there. */
  constructor(directory: string) {
    this.#watcher = watch(directory, { persistent: false }, () => this.wake())
    // The directory is gone: whoever waits looks and finds out.
    this.#watcher.on('error', () => this.wake())
  }

  /** Resolves when there was a change since this was last asked. */
  async next(): Promise<void> {
    if (!this.#changed) {
      this.#waiting ??= deferred()
      await this.#waiting.promise
    }
    this.#changed = false
  }

  /** As if there had been a change. */
  wake(): void {
    this.#changed = true
    this.#waiting?.resolve()
    this.#waiting = undefined
  }

  [Symbol.dispose](): void {
    this.#watcher.close()
    this.wake()
  }
}
