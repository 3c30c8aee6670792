import { isIP } from 'node:net'
import type { PublishedPort } from '#cluster'
import { UsageError, type Args } from './flags.ts'

/** What --publish asks for, once for each. */
export function publishedPorts(args: Args): PublishedPort[] {
  return args.list('publish').map((text) => {
    const match = /^(?:(.+):)?(\d{1,5}):(\d{1,5})$/.exec(text)
    const host = (match?.[1] ?? '127.0.0.1').replace(/^\[|\]$/g, '')
    const [port, nodePort] = [Number(match?.[2]), Number(match?.[3])]
    const isPort = (each: number) => each >= 1 && each <= 65_535
    if (match === null || isIP(host) === 0 || !isPort(port) || !isPort(nodePort)) {
      throw new UsageError(`--publish is [IP:]PORT:NODEPORT such as 8080:30080, not "${text}"`)
    }
    return { host, port, nodePort }
  })
}
