import { Pod, type Container } from '#api'
import { asError, parseTime, type Timer } from '#base'
import { referenceTo } from '#client'
import { equalJson, hasReason } from '#machinery'
import { KubeletError } from '../error.ts'
import type { ContainerStatus } from '../runtime/runtime.ts'
import { MountError } from '../volumes/pod-volumes.ts'
import { cleanUp } from './clean-up.ts'
import { containerHash } from './container-hash.ts'
import { failureOf } from './failure.ts'
import { observe, podText, uidOf, type ObservedPod } from './observed.ts'
import type { PodHost } from './pod-host.ts'
import { fieldPath, PodStarter } from './pod-starter.ts'
import { podStatus, type Waiting } from './pod-status.ts'
import { actionKey, heldMessage, podStep, type Action, type Held } from './pod-step.ts'
import { graceOf, PodStopper } from './pod-stopper.ts'
import { runPostStart } from './post-start.ts'
import { allocate, allocatedBefore } from './resize.ts'
import { Retries } from './retries.ts'

/**
 * containerd tells of an end before its own CRI part has taken note of it: some milliseconds, but
 * where it has much to do, seconds. It is asked less often the longer that takes, as long as no
 * other look comes by itself.
 */
const expectedMsMax = 60_000
const expectedPollMs = { min: 10, part: 0.1 }

/**
 * Looks after one pod until it is gone: looks at what the runtime has of it, asks `podStep` what to
 * do, does it, and looks again. It sleeps until it is woken. One thing at a time; only the end of the
 * pod interrupts what is being done.
 */
export class PodWorker {
  readonly uid: string
  /** The node did not reject the pod. */
  readonly isLetIn: boolean
  /** Resolves when nothing of the pod is left, or when the worker was told to stop. */
  readonly ended: Promise<void>
  readonly #host: PodHost
  readonly #starter: PodStarter
  readonly #stopper: PodStopper
  /** As the API has it, but with the resources that it has been given. */
  #pod: Pod
  /** As the API has it. */
  #wanted: Pod
  #resizePending: Waiting | undefined
  #resizeError: string | undefined
  /** It is no longer in the API. */
  #removed = false
  #stopped = false
  #gone = false
  #woken = true
  #wake: () => void = () => {}
  #timer: Timer | undefined
  /** Ends what is being done for a pod that is to go on running. */
  readonly #running = new AbortController()
  /** Ends the ending, to do it with a shorter grace. */
  #ending = new AbortController()
  #endByMs = Infinity
  #failure: Waiting | undefined
  #volumesReady = false
  readonly #waiting = new Map<string, Waiting>()
  /** By container or step. */
  readonly #retries: Retries
  readonly #held = new Map<string, number>()
  readonly #messages = new Map<string, string>()
  /** Containers that were ended here to be started again, whatever their policy says. */
  readonly #mustRestart = new Set<string>()
  /** What has ended and may not be shown so yet, with the time until which that is believed. */
  readonly #expected = new Map<string, number>()

  /** A pod that the node rejects fails at once, and nothing of it is started. */
  constructor(host: PodHost, pod: Pod, rejection?: Waiting) {
    this.uid = uidOf(pod)
    this.#host = host
    this.#wanted = pod
    this.#pod = allocatedBefore(pod)
    this.#starter = new PodStarter(host)
    this.#stopper = new PodStopper(host)
    this.#retries = new Retries(host.clock)
    this.isLetIn = rejection === undefined
    this.#failure = rejection
    if (this.isLetIn) this.#allocate()
    if (rejection !== undefined) this.#tell('Warning', rejection.reason, rejection.message)
    this.ended = this.#run()
  }

  /** The pod as the API has it now. */
  update(pod: Pod): void {
    const { annotations, labels } = this.#wanted.metadata
    const isShownSame =
      equalJson(labels, pod.metadata.labels) && equalJson(annotations, pod.metadata.annotations)
    this.#wanted = pod
    this.#allocate()
    // Volumes and environments show them.
    if (!isShownSame) this.refresh()
    if (this.#isEnding) this.#end()
    this.wake()
  }

  /** What the pod takes of its node: what it has been given. */
  get allocated(): Pod {
    return this.#pod
  }

  /** There may be room now for what is wanted. */
  roomChanged(): void {
    if (this.#resizePending !== undefined) this.update(this.#wanted)
  }

  #allocate(): void {
    const { allocatable } = this.#host
    const room = { allocatable, pods: () => this.#host.others(this.uid) }
    const { pod, pending } = allocate(this.#wanted, this.#pod, room)
    this.#pod = pod
    this.#resizePending = pending
  }

  /** The pod is no longer in the API: it ends without a last word. */
  remove(): void {
    this.#removed = true
    this.#end()
    this.wake()
  }

  /** Something about the pod may have changed. */
  wake(): void {
    this.#woken = true
    this.#wake()
  }

  /** A container or sandbox has ended, which the runtime will show in a moment. */
  expectEnd(id: string): void {
    this.#expected.set(id, this.#host.clock.elapsed() + expectedMsMax)
    this.wake()
  }

  /** What its volumes are made from may have changed, too. */
  refresh(): void {
    this.#volumesReady = false
    this.#retries.hurry()
    this.wake()
  }

  /** The kubelet stops; the pod runs on. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancelWake()
    this.#running.abort()
    this.#ending.abort()
    this.wake()
    await this.ended
  }

  get #isEnding(): boolean {
    return this.#removed || this.#pod.metadata.deletionTimestamp !== undefined
  }

  /** The end is near, or nearer than it was. */
  #end(): void {
    const grace = this.#pod.metadata.deletionGracePeriodSeconds ?? graceOf(this.#pod)
    const endByMs = this.#host.clock.elapsed() + grace * 1000
    this.#running.abort()
    // An update that says the same again makes the end no later.
    if (endByMs >= this.#endByMs) return
    const isShorter = this.#endByMs !== Infinity
    this.#endByMs = endByMs
    if (!isShorter) return
    this.#ending.abort()
    this.#ending = new AbortController()
  }

  async #run(): Promise<void> {
    // The constructor returns before anything happens.
    await Promise.resolve()
    if (this.#isEnding) this.#end()
    while (!this.#stopped && !this.#gone) {
      await this.#untilWoken()
      try {
        if (this.#isEnding) await this.#finish()
        else await this.#sync()
        this.#retries.succeeded('sync')
      } catch (error) {
        if (this.#stopped) continue
        // What was being done was ended for something else to be done.
        if (error instanceof KubeletError && error.reason === 'Cancelled') {
          this.#woken = true
          continue
        }
        const { message } = asError(error)
        this.#host.log.warn('a pod was not looked after', {
          pod: podText(this.#pod),
          error: message,
        })
        this.#retries.failed('sync')
      }
      if (this.#retries.nextMs < Infinity) this.#planWake(this.#retries.nextMs)
    }
  }

  async #untilWoken(): Promise<void> {
    while (!this.#woken) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    this.#woken = false
    this.#cancelWake()
  }

  async #sync(): Promise<void> {
    const { clock, probes, crashLoop } = this.#host
    const pod = this.#pod
    const observed = await this.#look()
    const over = pod.status.phase === 'Failed' || pod.status.phase === 'Succeeded'
    this.#checkDeadline(pod)
    if (over || this.#failure !== undefined) return this.#stopForGood(pod, observed)
    const step = podStep({
      pod,
      mustRestart: this.#mustRestart,
      observed,
      nowMs: clock.now(),
      memoryCapacityBytes: this.#host.memoryCapacityBytes,
      probe: (id, kind) => probes.result(this.uid, id, kind),
      crashLoopWait: (container, endedAtMs) =>
        crashLoop.wait(this.#crashKey(container), endedAtMs, clock.now()),
    })
    this.#hold(pod, step.held)
    probes.sync(pod, observed)
    this.#publish(observed, false)
    const due = step.actions.filter((action) => this.#retries.isDue(actionKey(action)))
    if (
      !this.#volumesReady &&
      observed.sandboxes[0]?.ready === true &&
      this.#retries.isDue('volumes')
    ) {
      await this.#prepareVolumes(pod, observed.sandboxes[0].ips)
    }
    // Sandboxes one after the other, containers beside each other.
    const inOrder = due.filter(({ type }) => type.endsWith('Sandbox'))
    for (const action of inOrder) await this.#attempt(action, observed)
    const others = due.filter((action) => !inOrder.includes(action))
    await Promise.all(others.map((action) => this.#attempt(action, observed)))
    if (due.length > 0) this.#woken = true
  }

  async #look(): Promise<ObservedPod> {
    const { runtime } = this.#host
    const observed = await observe(runtime, this.uid)
    this.#host.owns(this.uid, [
      ...observed.sandboxes.map(({ id }) => id),
      ...observed.containers.map(({ id }) => id),
    ])
    this.#checkExpected(observed)
    return {
      ...observed,
      containers: await Promise.all(observed.containers.map((status) => this.#withMessage(status))),
    }
  }

  #checkExpected({ containers, sandboxes }: ObservedPod): void {
    const now = this.#host.clock.elapsed()
    for (const [id, untilMs] of this.#expected) {
      const runs =
        containers.some((each) => each.id === id && each.state === 'running') ||
        sandboxes.some((each) => each.id === id && each.ready)
      const waitedMs = now - (untilMs - expectedMsMax)
      const { min, part } = expectedPollMs
      if (runs && waitedMs < expectedMsMax) this.#planWake(Math.max(min, waitedMs * part))
      else this.#expected.delete(id)
    }
  }

  /** What a container left to say is read once. */
  async #withMessage(status: ContainerStatus): Promise<ContainerStatus> {
    if (status.state !== 'exited') return status
    const known = this.#messages.get(status.id)
    const message = known ?? (await this.#starter.terminationMessage(this.uid, status))
    this.#messages.set(status.id, message)
    return { ...status, message }
  }

  #checkDeadline(pod: Pod): void {
    const { activeDeadlineSeconds } = pod.spec
    const startedMs = parseTime(pod.status.startTime ?? '')
    if (activeDeadlineSeconds === undefined || startedMs === undefined) return
    const leftMs = startedMs + activeDeadlineSeconds * 1000 - this.#host.clock.now()
    if (leftMs > 0) return this.#planWake(leftMs)
    const message = 'Pod was active on the node longer than the specified deadline'
    if (this.#failure === undefined) this.#tell('Normal', 'DeadlineExceeded', message)
    this.#failure = { reason: 'DeadlineExceeded', message }
  }

  /** The pod is over but not deleted: nothing of it runs, its containers can be looked at. */
  async #stopForGood(pod: Pod, observed: ObservedPod): Promise<void> {
    const { probes, runtime } = this.#host
    probes.stop(this.uid)
    const running = observed.containers.some(({ state }) => state === 'running')
    const ready = observed.sandboxes.filter((sandbox) => sandbox.ready)
    if (running) {
      await this.#stopper.stopContainers(pod, observed, graceOf(pod), this.#running.signal)
    }
    for (const { id } of ready) await runtime.stopSandbox(id)
    const changed = running || ready.length > 0
    this.#publish(changed ? await this.#look() : observed, true)
  }

  /** A container that may not start yet shows why. */
  #hold(pod: Pod, held: readonly Held[]): void {
    for (const each of held) {
      const { container, untilMs } = each
      const message = heldMessage(pod, each)
      this.#waiting.set(container.name, { reason: 'CrashLoopBackOff', message })
      this.#planWake(untilMs - this.#host.clock.now())
      if (this.#held.get(container.name) === untilMs) continue
      this.#held.set(container.name, untilMs)
      const words = `Back-off restarting failed container ${container.name} in pod ${podText(pod)}`
      this.#tellOf(container, 'Warning', 'BackOff', words)
    }
  }

  async #attempt(action: Action, observed: ObservedPod): Promise<void> {
    if (this.#running.signal.aborted) return
    try {
      if (await this.#do(action, observed)) this.#retries.succeeded(actionKey(action))
    } catch (error) {
      if (this.#running.signal.aborted) return
      this.#retries.failed(actionKey(action))
      this.#explain(action, asError(error))
    }
  }

  /** Whether it could be done; rejects where it failed. */
  async #do(action: Action, observed: ObservedPod): Promise<boolean> {
    const { clock, crashLoop, runtime } = this.#host
    const pod = this.#pod
    const { signal } = this.#running
    const [sandbox] = observed.sandboxes
    switch (action.type) {
      case 'stopSandbox': {
        if (action.changed) {
          const changed = 'Pod sandbox changed, it will be killed and re-created.'
          this.#tell('Normal', 'SandboxChanged', changed)
        }
        // Sidecars, for one, go on when the others are done.
        await this.#stopper.stopContainers(pod, observed, graceOf(pod), signal)
        await runtime.stopSandbox(action.sandbox.id)
        return true
      }
      case 'createSandbox': {
        const [id] = await Promise.all([
          this.#starter.createSandbox(pod, action.attempt, signal),
          this.#prepareVolumes(pod, []),
        ])
        this.#host.owns(this.uid, [id])
        return true
      }
      case 'startContainer': {
        const { container, attempt, ended } = action
        if (!this.#volumesReady || sandbox === undefined) return false
        if (ended?.state === 'exited') {
          crashLoop.restarted(this.#crashKey(container), ended.finishedAtMs, clock.now())
        }
        this.#waiting.delete(container.name)
        const id = await this.#starter.startContainer(pod, container, attempt, sandbox, signal)
        await this.#postStart(container, id, sandbox.ips[0] ?? '')
        return true
      }
      case 'killContainer': {
        const { container, running, message, restart } = action
        if (restart) this.#mustRestart.add(running.id)
        const options = { graceSeconds: action.graceSeconds ?? graceOf(pod), message, signal }
        await this.#stopper.stopContainer(pod, container, running.id, options)
        return true
      }
      case 'resize': {
        await this.#starter.resize(pod, action.containers)
        this.#resizeError = undefined
        return true
      }
      case 'removeContainer': {
        await runtime.removeContainer(action.id)
        this.#messages.delete(action.id)
        this.#mustRestart.delete(action.id)
        return true
      }
    }
  }

  async #prepareVolumes(pod: Pod, podIps: readonly string[]): Promise<void> {
    try {
      await this.#starter.prepareVolumes(pod, podIps)
      this.#volumesReady = true
      this.#retries.succeeded('volumes')
    } catch (error) {
      this.#retries.failed('volumes')
      if (this.#running.signal.aborted) return
      const message =
        error instanceof MountError
          ? error.message
          : `MountVolume.SetUp failed for the pod's volumes : ${asError(error).message}`
      this.#tell('Warning', 'FailedMount', message)
    }
  }

  async #postStart(container: Container, containerId: string, podIp: string): Promise<void> {
    const pod = this.#pod
    const { signal } = this.#running
    const output = await runPostStart(this.#host, pod, { container, containerId, podIp }, signal)
    if (output === undefined) return
    const message = `PostStartHook failed: ${output}`
    this.#waiting.set(container.name, { reason: 'PostStartHookError', message })
    const options = { graceSeconds: graceOf(pod), message: 'FailedPostStartHook', signal }
    await this.#stopper.stopContainer(pod, container, containerId, options)
  }

  /** Says in the status and in events why something failed. */
  #explain(action: Action, error: Error): void {
    if (action.type === 'resize') this.#resizeError = error.message
    const { container, waiting, event } = failureOf(action, error)
    if (container !== undefined && waiting !== undefined) this.#waiting.set(container.name, waiting)
    if (event === undefined) return
    if (container === undefined) this.#tell('Warning', event.reason, event.message)
    else this.#tellOf(container, 'Warning', event.reason, event.message)
  }

  /** The pod is to go: ends it, tells its last state, and leaves nothing of it. */
  async #finish(): Promise<void> {
    const { client, clock, probes, runtime, statuses } = this.#host
    let observed = await this.#look()
    const graceSeconds = Math.max(0, Math.ceil((this.#endByMs - clock.elapsed()) / 1000))
    const { signal } = this.#ending
    const ending = this.#stopper.stopContainers(this.#pod, observed, graceSeconds, signal)
    await this.#tellingMeanwhile(ending)
    probes.stop(this.uid)
    for (const { id, ready } of observed.sandboxes) if (ready) await runtime.stopSandbox(id)
    observed = await this.#look()
    if (!this.#removed) {
      this.#publish(observed, true)
      await statuses.flush(this.uid)
    }
    await cleanUp(this.#host, this.#pod, observed)
    const { name = '', namespace = '' } = this.#pod.metadata
    const pods = client.resource(Pod).namespace(namespace)
    if (!this.#removed) {
      await pods
        .delete(name, { gracePeriodSeconds: 0, preconditions: { uid: this.uid } })
        .catch((error: unknown) => {
          if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict')) throw error
        })
    }
    this.#gone = true
  }

  /** While its containers end, a pod tells which of them still serve: its readiness is asked on. */
  async #tellingMeanwhile(work: Promise<void>): Promise<void> {
    const over = new AbortController()
    const finish = () => {
      over.abort()
      this.wake()
    }
    work.then(finish, finish)
    while (!over.signal.aborted) {
      const observed = await this.#look().catch(() => undefined)
      if (observed !== undefined && !over.signal.aborted && !this.#removed) {
        this.#host.probes.sync(this.#pod, observed, ['readiness'])
        this.#publish(observed, false)
      }
      await this.#untilWoken()
    }
    await work
  }

  #publish(observed: ObservedPod, stopped: boolean): void {
    const { clock, hostIps, probes, statuses } = this.#host
    const status = podStatus({
      pod: this.#pod,
      mustRestart: this.#mustRestart,
      observed,
      nowMs: clock.now(),
      before: statuses.latest(this.uid),
      hostIps,
      waiting: this.#waiting,
      probe: (id, kind) => probes.result(this.uid, id, kind),
      stopped,
      failure: this.#failure,
      resizePending: this.#resizePending,
      resizeError: this.#resizeError,
      memoryCapacityBytes: this.#host.memoryCapacityBytes,
    })
    statuses.set(this.#pod, status)
  }

  #nextWakeMs = Infinity

  /** Wakes in so long, or earlier. */
  #planWake(delayMs: number): void {
    const { clock } = this.#host
    const atMs = clock.elapsed() + delayMs
    if (atMs >= this.#nextWakeMs) return
    this.#cancelWake()
    this.#nextWakeMs = atMs
    this.#timer = clock.timer(delayMs, () => this.wake(), { unref: true })
  }

  #cancelWake(): void {
    this.#timer?.cancel()
    this.#nextWakeMs = Infinity
  }

  #crashKey(container: Container): string {
    return `${this.uid}/${container.name}/${containerHash(container)}`
  }

  #tell(type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#host.events.record(referenceTo(this.#pod), { type, reason, message })
  }

  #tellOf(container: Container, type: 'Normal' | 'Warning', reason: string, message: string): void {
    const about = referenceTo(this.#pod, fieldPath(this.#pod, container))
    this.#host.events.record(about, { type, reason, message })
  }
}
