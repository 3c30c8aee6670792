import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { deferred, realClock, withTimeout, type Deferred } from '#base'
import { nftIn, realExec, type Nft } from '#linux'
import type { Order, Report } from './pod.ts'

const exec = realExec(realClock)
/** Longer than an answer takes on a busy machine. */
const answerMs = 5_000
/** What does not answer for so long is said to be silent. */
export const silenceMs = 500
/** Longer than a report about either takes. */
const reportMs = 20_000

/** A network namespace with a process in it: a pod, a client, a router. */
export interface Machine {
  readonly name: string
  readonly nft: Nft
  ip(...args: readonly string[]): Promise<void>
  listen(protocol: 'tcp' | 'udp', ip: string, port: number): Promise<void>
  /** `name address` of who answered and where the question seemed to come from, or `error CODE`. */
  ask(protocol: 'tcp' | 'udp', ip: string, port: number, how?: How): Promise<string>
  stop(): Promise<void>
  readonly pid: number
}

export interface How {
  /** Default 5 s. */
  readonly timeoutMs?: number
  /** Of UDP: the same flow as before, by default another one. */
  readonly fromPort?: number
}

/** In a network namespace of its own, or in that of this process. */
export async function startMachine(name: string, where: 'own' | 'here' = 'own'): Promise<Machine> {
  const script = join(import.meta.dirname, 'pod.ts')
  const args = [process.execPath, ...process.execArgv, script, name]
  const [command = '', ...rest] = where === 'here' ? args : ['unshare', '--net', '--', ...args]
  const child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const waiting = new Map<number, Deferred<string>>()
  let lastId = 0
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { id, answer }: Report = JSON.parse(line)
    waiting.get(id)?.resolve(answer)
    waiting.delete(id)
  })
  const answerOf = (id: number) => {
    const answer = deferred<string>()
    waiting.set(id, answer)
    return withTimeout(realClock, answer.promise, reportMs, `${name} to answer`)
  }
  const order = (what: Omit<Order, 'id'>) => {
    const id = ++lastId
    child.stdin.write(`${JSON.stringify({ id, ...what } satisfies Order)}\n`)
    return answerOf(id)
  }
  await answerOf(0)
  const pid = child.pid ?? 0
  const namespace = `/proc/${pid}/ns/net`
  const machine: Machine = {
    name,
    pid,
    nft: nftIn(exec, namespace),
    async ip(...args) {
      await exec.run('nsenter', [`--net=${namespace}`, '--', 'ip', ...args])
    },
    async listen(protocol, ip, port) {
      const common = { protocol, ip, port, fromPort: 0, timeoutMs: 0 } as const
      const answer = await order({ do: 'listen', ...common })
      if (answer !== 'listening') throw new Error(`${name} cannot listen: ${answer}`)
    },
    ask: (protocol, ip, port, { timeoutMs = answerMs, fromPort = 0 } = {}) =>
      order({ do: 'ask', protocol, ip, port, fromPort, timeoutMs }),
    async stop() {
      child.stdin.end()
      await ended
    },
  }
  await machine.ip('link', 'set', 'lo', 'up')
  return machine
}
