import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { HTTPGetAction } from '#api'
import { TimeoutError, withTimeout, type Clock } from '#base'
import { bracketed, dialText, portNumber } from './network-target.ts'
import type { ProbeResult, Target } from './prober.ts'

/** As Go's client has it. */
const redirectsMax = 10

/** Whether a path is answered with a code from 200 to 399; redirects within the host are followed. */
export async function probeHttp(
  action: HTTPGetAction,
  target: Target,
  timeoutMs: number,
  clock: Clock,
): Promise<ProbeResult> {
  const host = action.host === undefined || action.host === '' ? target.podIp : action.host
  const port = portNumber(action.port, target.container)
  const scheme = action.scheme === 'HTTPS' ? 'https' : 'http'
  const url = `${scheme}://${bracketed(host)}:${port}${action.path ?? '/'}`
  const headers = new Map([
    ['user-agent', 'kube-probe/1.36'],
    ['accept', '*/*'],
    ['connection', 'close'],
  ])
  for (const { name, value } of action.httpHeaders ?? []) headers.set(name.toLowerCase(), value)
  const exchange = new Exchange(Object.fromEntries(headers))
  try {
    const code = await withTimeout(clock, exchange.codeOf(url), timeoutMs, 'a probe')
    if (code >= 200 && code < 400) return { ok: true, output: '' }
    return { ok: false, answered: true, output: `HTTP probe failed with statuscode: ${code}` }
  } catch (error) {
    const why =
      error instanceof TimeoutError
        ? 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
        : dialText(error, host, port)
    return { ok: false, output: `Get "${url}": ${why}` }
  } finally {
    exchange.abort()
  }
}

/** One request after the other. */
class Exchange {
  readonly #headers: Readonly<Record<string, string>>
  #call: ClientRequest | undefined
  #aborted = false

  constructor(headers: Readonly<Record<string, string>>) {
    this.#headers = headers
  }

  /** The code of the last answer, where redirects within the host end. */
  async codeOf(first: string): Promise<number> {
    let url = new URL(first)
    for (let redirects = 0; !this.#aborted; redirects++) {
      const { statusCode = 0, headers } = await this.#get(url)
      const next = isRedirect(statusCode) ? nextUrl(headers.location, url) : undefined
      if (next === undefined || next.hostname !== url.hostname) return statusCode
      if (redirects === redirectsMax) throw new Error(`stopped after ${redirectsMax} redirects`)
      url = next
    }
    return 0
  }

  abort(): void {
    this.#aborted = true
    this.#call?.destroy()
  }

  #get(url: URL): Promise<IncomingMessage> {
    const options = { method: 'GET', headers: this.#headers, agent: false as const }
    const call =
      url.protocol === 'https:'
        ? httpsRequest(url, { ...options, rejectUnauthorized: false })
        : httpRequest(url, options)
    this.#call = call
    return new Promise((resolve, reject) => {
      call.on('response', (response) => {
        response.resume()
        resolve(response)
      })
      call.on('error', reject)
      call.end()
    })
  }
}

function isRedirect(code: number): boolean {
  return code === 301 || code === 302 || code === 303 || code === 307 || code === 308
}

function nextUrl(location: string | undefined, base: URL): URL | undefined {
  if (location === undefined) return undefined
  const url = URL.parse(location, base)
  return url?.protocol === 'http:' || url?.protocol === 'https:' ? url : undefined
}
