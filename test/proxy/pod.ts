import { createSocket, type Socket } from 'node:dgram'
import { connect, createServer } from 'node:net'
import { createInterface } from 'node:readline'

/*
 * A process in a network namespace of its own that does what it is told, a line of JSON at a time:
 * listens, and asks others. Who is asked answers with its name and where it saw the question come
 * from. It ends with its standard input.
 */
export interface Order {
  readonly id: number
  readonly do: 'listen' | 'ask'
  readonly protocol: 'tcp' | 'udp'
  readonly ip: string
  readonly port: number
  /** Where a question comes from; 0: anywhere. */
  readonly fromPort: number
  readonly timeoutMs: number
}

export interface Report {
  readonly id: number
  /** `name address`, or `error CODE`. */
  readonly answer: string
}

const name = process.argv[2] ?? ''
/** Sockets that have asked before are kept: a UDP flow is one of a socket. */
const askers = new Map<number, Socket>()

function report(id: number, answer: string): void {
  process.stdout.write(`${JSON.stringify({ id, answer } satisfies Report)}\n`)
}

function listen({ id, protocol, ip, port }: Order): void {
  if (protocol === 'tcp') {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.end(`${name} ${(socket.remoteAddress ?? '').replace('::ffff:', '')}`)
    })
    server.on('error', (error: NodeJS.ErrnoException) => report(id, `error ${error.code}`))
    server.listen({ host: ip, port }, () => report(id, 'listening'))
    return
  }
  const socket = createSocket(ip.includes(':') ? 'udp6' : 'udp4')
  socket.on('error', (error: NodeJS.ErrnoException) => report(id, `error ${error.code}`))
  socket.on('message', (_, from) => {
    socket.send(`${name} ${from.address}`, from.port, from.address)
  })
  socket.bind(port, ip, () => report(id, 'listening'))
}

function ask(order: Order): void {
  if (order.protocol === 'tcp') askTcp(order)
  else askUdp(order)
}

function askTcp({ id, ip, port, timeoutMs }: Order): void {
  let answer = ''
  const socket = connect({ host: ip, port, timeout: timeoutMs })
  socket.on('data', (data) => (answer += String(data)))
  socket.on('timeout', () => socket.destroy(Object.assign(new Error(), { code: 'TIMEOUT' })))
  socket.on('error', (error: NodeJS.ErrnoException) => (answer = `error ${error.code}`))
  socket.on('close', () => report(id, answer))
}

function askUdp({ id, ip, port, fromPort, timeoutMs }: Order): void {
  const known = fromPort === 0 ? undefined : askers.get(fromPort)
  const socket = known ?? createSocket(ip.includes(':') ? 'udp6' : 'udp4')
  const end = (answer: string) => {
    clearTimeout(timer)
    socket.removeAllListeners()
    if (fromPort === 0) socket.close()
    else askers.set(fromPort, socket)
    report(id, answer)
  }
  const timer = setTimeout(() => end('error TIMEOUT'), timeoutMs)
  socket.on('message', (data) => end(String(data)))
  socket.on('error', (error: NodeJS.ErrnoException) => end(`error ${error.code}`))
  const send = () => socket.send('?', port, ip)
  if (known === undefined) socket.bind(fromPort, send)
  else send()
}

const orders = createInterface({ input: process.stdin })
orders.on('line', (line) => {
  const order: Order = JSON.parse(line)
  if (order.do === 'listen') listen(order)
  else ask(order)
})
orders.on('close', () => process.exit(0))
report(0, 'ready')
