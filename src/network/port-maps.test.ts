import assert from 'node:assert/strict'
import { test } from 'node:test'
import { portMapRemoval } from './port-maps.ts'

const port = (network: string, chain: string) =>
  `-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \\"${network}\\" id: \\"1f\\"" -m multiport --dports 8088 -j ${chain}`
const saved = (...ports: readonly string[]) =>
  [
    '*nat',
    ':PREROUTING ACCEPT [0:0]',
    ':CNI-DN-1 - [0:0]',
    ':CNI-HOSTPORT-DNAT - [0:0]',
    ':CNI-HOSTPORT-MASQ - [0:0]',
    ':CNI-HOSTPORT-SETMARK - [0:0]',
    '-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT',
    '-A POSTROUTING -m comment --comment "CNI portfwd requiring masquerade" -j CNI-HOSTPORT-MASQ',
    '-A CNI-DN-1 -s 10.42.0.2/32 -p tcp -m tcp --dport 8088 -j CNI-HOSTPORT-SETMARK',
    '-A CNI-HOSTPORT-MASQ -m mark --mark 0x2000/0x2000 -j MASQUERADE',
    ...ports,
    'COMMIT',
    '',
  ].join('\n')

test('the chains go when nobody uses them, with the jumps to them', () => {
  assert.equal(
    portMapRemoval(saved(port('k8ts', 'CNI-DN-1')), 'k8ts'),
    [
      '*nat',
      port('k8ts', 'CNI-DN-1').replace('-A', '-D'),
      '-D PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT',
      '-D POSTROUTING -m comment --comment "CNI portfwd requiring masquerade" -j CNI-HOSTPORT-MASQ',
      '-F CNI-DN-1',
      '-F CNI-HOSTPORT-DNAT',
      '-F CNI-HOSTPORT-MASQ',
      '-F CNI-HOSTPORT-SETMARK',
      '-X CNI-DN-1',
      '-X CNI-HOSTPORT-DNAT',
      '-X CNI-HOSTPORT-MASQ',
      '-X CNI-HOSTPORT-SETMARK',
      'COMMIT',
      '',
    ].join('\n'),
  )
})

test('another network keeps what it uses', () => {
  const script = portMapRemoval(saved(port('k8ts', 'CNI-DN-1'), port('other', 'CNI-DN-2')), 'k8ts')
  assert.deepEqual(script?.match(/^-[DFX] \S+/gm), [
    '-D CNI-HOSTPORT-DNAT',
    '-F CNI-DN-1',
    '-X CNI-DN-1',
  ])
  assert.equal(portMapRemoval(saved(port('other', 'CNI-DN-2')), 'k8ts'), undefined)
})

test('a machine without host ports is left alone', () => {
  assert.equal(portMapRemoval('', 'k8ts'), undefined)
  assert.equal(portMapRemoval('*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n', 'k8ts'), undefined)
})
