import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { testNode, testPodInfo } from '../../testing/objects.ts'
import { PluginBench } from '../../testing/plugin.ts'
import { nodePorts } from './node-ports.ts'

const taken = "node(s) didn't have free ports for the requested pod ports"

/** Such as TCP/127.0.0.1/80, or UDP//80 for any address. */
function withPorts(name: string, ...ports: string[]) {
  const parsed = ports.map((text) => {
    const [protocol = '', hostIP = '', port = ''] = text.split('/')
    return { containerPort: Number(port), hostPort: Number(port), protocol, hostIP }
  })
  return testPodInfo(name, { spec: { containers: [{ name: 'c', image: 'x', ports: parsed }] } })
}

describe('NodePorts filters', () => {
  const rows = [
    { used: [], wanted: ['TCP//80'], fits: true },
    { used: ['TCP//80'], wanted: [], fits: true },
    { used: ['TCP//80'], wanted: ['TCP//80'], fits: false },
    { used: ['TCP//80'], wanted: ['UDP//80'], fits: true },
    { used: ['TCP//80'], wanted: ['TCP//81', 'TCP//82'], fits: true },
    { used: ['TCP//80'], wanted: ['TCP/127.0.0.1/80'], fits: false },
    { used: ['TCP/127.0.0.1/80'], wanted: ['TCP//80'], fits: false },
    { used: ['TCP/127.0.0.1/80'], wanted: ['TCP/127.0.0.2/80'], fits: true },
    { used: ['TCP/127.0.0.1/80'], wanted: ['TCP/0.0.0.0/80'], fits: false },
    { used: ['TCP//1', 'TCP//2'], wanted: ['TCP//3', 'TCP//2'], fits: false },
  ]
  for (const { used, wanted, fits } of rows) {
    it(`[${wanted.join(' ')}] beside [${used.join(' ')}]`, () => {
      const node = testNode('n')
      const bench = new PluginBench(nodePorts, [{ node, pods: [withPorts('x', ...used)] }])
      assert.deepEqual(bench.rejections(withPorts('p', ...wanted)), fits ? {} : { n: taken })
      bench.table.removePod('x')
      assert.deepEqual(bench.rejections(withPorts('p', ...wanted)), {})
    })
  }

  it('counts pods that share a port', () => {
    const node = testNode('n')
    const pods = [withPorts('x', 'TCP//80'), withPorts('y', 'TCP//80')]
    const bench = new PluginBench(nodePorts, [{ node, pods }])
    bench.table.removePod('x')
    assert.deepEqual(bench.rejections(withPorts('p', 'TCP//80')), { n: taken })
  })
})
