import { writeFile } from 'node:fs/promises'
import { realClock } from '#base'
import { realExec } from '#linux'
import { startMachine, type Machine } from './machine.ts'

const exec = realExec(realClock)
const ip = async (...args: readonly string[]) => void (await exec.run('ip', args))

export const nodeIps = ['192.0.2.1', '2001:db8::1']
export const clientIps = ['192.0.2.2', '2001:db8::2']
export const podRanges = ['10.42.0.0/16', 'fd00:42::/64']
export const serviceRanges = ['10.43.0.0/16', 'fd00:43::/112']

/**
 * A node, which is the network namespace that this process is in; pods on links of their own; a
 * client outside; and the rest of the world, which counts what should never come to it.
 */
export interface Network extends AsyncDisposable {
  readonly client: Machine
  /** A process of the node itself. */
  readonly node: Machine
  pod(number: number): Promise<Machine>
  /** A pod on the node's bridge, as the CNI plugin of that name makes them: 10.42.1.NUMBER. */
  bridgedPod(number: number): Promise<Machine>
  /** Gives the node another address, at its loopback. */
  own(address: string): Promise<void>
  /** Packets to Services that left the machine. */
  leaked(): Promise<number>
}

export const podIp = (number: number) => `10.42.0.${number}`
export const bridgedPodIp = (number: number) => `10.42.1.${number}`
export const podIp6 = (number: number) => `fd00:42::${number}`

export async function startNetwork(): Promise<Network> {
  await using undo = new AsyncDisposableStack()
  const start = async (name: string, where: 'own' | 'here' = 'own') => {
    const machine = await startMachine(name, where)
    undo.defer(() => machine.stop())
    return machine
  }
  await ip('link', 'set', 'lo', 'up')
  await writeFile('/proc/sys/net/ipv4/ip_forward', '1')
  await writeFile('/proc/sys/net/ipv6/conf/all/forwarding', '1')
  const node = await start('node', 'here')
  const client = await start('client')
  await join(
    'client',
    client,
    ['192.0.2.1/24', '2001:db8::1/64'],
    ['192.0.2.2/24', '2001:db8::2/64'],
  )
  await client.ip('route', 'add', 'default', 'via', '192.0.2.1')
  await client.ip('-6', 'route', 'add', 'default', 'via', '2001:db8::1')
  const world = await start('world')
  await join('world', world, ['198.51.100.1/24', 'fd99::1/64'], ['198.51.100.2/24', 'fd99::2/64'])
  await ip('route', 'add', 'default', 'via', '198.51.100.2')
  await ip('-6', 'route', 'add', 'default', 'via', 'fd99::2')
  const [range4 = '', range6 = ''] = serviceRanges
  await world.nft.apply(
    [
      'add table inet seen',
      'add chain inet seen passing { type filter hook prerouting priority -300 ; }',
      `add rule inet seen passing ip daddr ${range4} counter`,
      `add rule inet seen passing ip6 daddr ${range6} counter`,
    ].join('\n'),
  )
  await ip('link', 'add', 'bridge', 'type', 'bridge')
  await ip('address', 'add', '10.42.1.1/24', 'dev', 'bridge')
  await ip('link', 'set', 'bridge', 'up')
  // Answers from one port of a bridge to another one pass the rules, too, as kubelets ask of nodes.
  await writeFile('/proc/sys/net/bridge/bridge-nf-call-iptables', '1')
  const owned = undo.move()
  return {
    client,
    node,
    async pod(number) {
      const pod = await startMachine(`pod-${number}`)
      owned.defer(() => pod.stop())
      const link = `pod${number}`
      await join(
        link,
        pod,
        ['10.42.0.1/32', 'fd00:42::1/128'],
        [`${podIp(number)}/32`, `${podIp6(number)}/128`],
      )
      await ip('route', 'add', `${podIp(number)}/32`, 'dev', link)
      await ip('-6', 'route', 'add', `${podIp6(number)}/128`, 'dev', link)
      await pod.ip('route', 'add', '10.42.0.1/32', 'dev', 'eth0')
      await pod.ip('route', 'add', 'default', 'via', '10.42.0.1')
      await pod.ip('-6', 'route', 'add', 'fd00:42::1/128', 'dev', 'eth0')
      await pod.ip('-6', 'route', 'add', 'default', 'via', 'fd00:42::1')
      await pod.listen('tcp', '::', 8080)
      await pod.listen('udp', podIp(number), 8080)
      await pod.listen('udp', podIp6(number), 8080)
      return pod
    },
    async bridgedPod(number) {
      const pod = await startMachine(`pod-${number}`)
      owned.defer(() => pod.stop())
      const link = `pod${number}`
      await join(link, pod, [], [`${bridgedPodIp(number)}/24`])
      await ip('link', 'set', link, 'master', 'bridge')
      // The plugin's hairpinMode: else a pod's packets do not come back to it.
      await ip('link', 'set', link, 'type', 'bridge_slave', 'hairpin', 'on')
      await pod.ip('route', 'add', 'default', 'via', '10.42.1.1')
      await pod.listen('tcp', '::', 8080)
      await pod.listen('udp', bridgedPodIp(number), 8080)
      return pod
    },
    own: (address) => ip('address', 'add', address, 'dev', 'lo'),
    async leaked() {
      const text = (await world.nft.listChain({ family: 'inet', name: 'seen' }, 'passing')) ?? ''
      const counts = [...text.matchAll(/packets (\d+)/g)].map(([, packets]) => Number(packets))
      return counts.reduce((sum, packets) => sum + packets, 0)
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** A link between the node and a machine, with addresses at both ends. */
async function join(
  link: string,
  machine: Machine,
  here: readonly string[],
  there: readonly string[],
): Promise<void> {
  await ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', `${machine.pid}`)
  await ip('link', 'set', link, 'up')
  await machine.ip('link', 'set', 'eth0', 'up')
  for (const address of here) await ip('address', 'add', address, 'dev', link, ...nodad(address))
  for (const address of there) {
    await machine.ip('address', 'add', address, 'dev', 'eth0', ...nodad(address))
  }
}

const nodad = (address: string) => (address.includes(':') ? ['nodad'] : [])
