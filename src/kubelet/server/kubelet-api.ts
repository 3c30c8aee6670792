import { asError, unreachable } from '#base'
import { StreamingError } from '#streaming'
import { Authenticator, type User } from './authentication.ts'
import { nodeAttributes } from './authorization-attributes.ts'
import { Authorizer } from './authorization.ts'
import { containerLogs } from './container-logs.ts'
import { fileBelow } from './files.ts'
import { healthz } from './healthz.ts'
import { podList, runningPodList } from './pod-lists.ts'
import { portForward, remoteCommand, run } from './remote-commands.ts'
import { HttpError, json, metricsText, text, type KubeletRequest, type Reply } from './reply.ts'
import { RequestMetrics } from './request-metrics.ts'
import { routeOf, type Route } from './routes.ts'
import type { ServedNode } from './served-node.ts'

/** What the kubelet answers to whom. Never rejects: what fails is an answer, too. */
export class KubeletApi {
  readonly requests: RequestMetrics
  readonly #node: ServedNode
  readonly #authenticator: Authenticator
  readonly #authorizer: Authorizer

  constructor(node: ServedNode, clientCa: string) {
    const { client, clock, nodeName } = node
    this.#node = node
    this.requests = new RequestMetrics(clock)
    this.#authenticator = new Authenticator(client, clock, clientCa)
    this.#authorizer = new Authorizer(client, clock, nodeName)
  }

  async serve(request: KubeletRequest): Promise<Reply> {
    try {
      await this.#admit(request)
      return await this.#answer(routeOf(request.method, request.path), request)
    } catch (error) {
      if (error instanceof HttpError) return text(error.code, error.message)
      const { log } = this.#node
      const { message } = asError(error)
      // The path names the pod; the query may hold what is secret.
      log.warn('a request to the kubelet failed', { path: request.path, error: message })
      return text(error instanceof StreamingError ? 502 : 500, message)
    }
  }

  async #admit(request: KubeletRequest): Promise<void> {
    const user = await this.#authenticator.authenticate(request).catch((error: unknown) => {
      const { message } = asError(error)
      this.#node.log.warn('a client of the kubelet could not be authenticated', { error: message })
    })
    if (user === undefined) throw new HttpError(401, 'Unauthorized')
    await this.#authorize(user, request)
  }

  async #authorize(user: User, { method, path }: KubeletRequest): Promise<void> {
    const { verb, subresources } = nodeAttributes(method, path)
    for (const subresource of subresources) {
      const asked = this.#authorizer.allows(user, { verb, subresource })
      const allowed = await asked.catch((cause: unknown) => {
        const about = `user=${user.name}, verb=${verb}, resource=nodes, subresource=${subresource}`
        throw new HttpError(500, `Authorization error (${about})`, { cause })
      })
      if (allowed) return
    }
    const asked = `subresource(s)=[${subresources.join(' ')}]`
    const about = `user=${user.name}, verb=${verb}, resource=nodes, ${asked}`
    throw new HttpError(403, `Forbidden (${about})\n`)
  }

  async #answer(route: Route, request: KubeletRequest): Promise<Reply> {
    const node = this.#node
    switch (route.type) {
      case 'pods':
        return json(podList(node))
      case 'runningPods':
        return json(await runningPodList(node))
      case 'containerLogs':
        return containerLogs(node, route.target, request)
      case 'exec':
      case 'attach':
        return remoteCommand(node, route.type, route.target, request)
      case 'run':
        return run(node, route.target, request)
      case 'portForward':
        return portForward(node, route.target, request)
      case 'healthz':
        return healthz(
          { ping: () => undefined, log: () => undefined, syncloop: () => node.syncProblem() },
          route.check,
          request.query,
        )
      case 'metrics':
        return metricsText(await this.#metrics(route.of))
      case 'statsSummary':
        return json(await node.stats.summary(request.query.get('only_cpu_and_memory') === 'true'))
      case 'configz':
        return json({ kubeletconfig: node.configuration() })
      case 'logs':
        return fileBelow(node.logsDirectory, route.path, request.path)
      default:
        return unreachable(route)
    }
  }

  async #metrics(of: (Route & { readonly type: 'metrics' })['of']): Promise<string> {
    const node = this.#node
    switch (of) {
      case 'kubelet':
        return `${await node.metrics()}${this.requests.text()}`
      case 'cadvisor':
        return node.stats.cadvisorMetrics()
      case 'probes':
        return node.probeMetrics()
      case 'resource':
        return node.stats.resourceMetrics()
      default:
        return unreachable(of)
    }
  }
}
