import assert from 'node:assert/strict'
import { test } from 'node:test'
import { routeChanges, routesInto, segmentsOf, sortRoutes } from './node-routes.ts'
import { nodeRoutes, type RoutedNode } from './routes.ts'
import { tunnelEntry, tunnelMac } from './tunnel.ts'

function node(name: string, podCIDRs: readonly string[], ips: readonly string[]): RoutedNode {
  return {
    metadata: { name },
    spec: podCIDRs.length === 0 ? {} : { podCIDRs },
    status: {
      addresses: [
        { type: 'Hostname' as const, address: name },
        ...ips.map((address) => ({ type: 'InternalIP' as const, address })),
      ],
    },
  }
}

test('a node reaches the pods of the others, and has no route to its own', () => {
  const nodes = [
    node('node-2', ['10.42.1.0/24'], ['100.64.10.12']),
    node('node-1', ['10.42.0.0/24'], ['100.64.10.11']),
    node('node-3', ['10.42.2.0/24'], ['100.64.10.13']),
  ]
  assert.deepEqual(nodeRoutes(nodes, 'node-2'), [
    { cidr: '10.42.0.0/24', via: '100.64.10.11' },
    { cidr: '10.42.2.0/24', via: '100.64.10.13' },
  ])
  assert.equal(nodeRoutes(nodes, undefined).length, 3)
})

test('each family goes by its own addresses; what is not known yet has no route', () => {
  const nodes = [
    node('both', ['10.42.0.0/24', 'fd42::/64'], ['192.0.2.1', '2001:db8::1']),
    node('half', ['10.42.1.0/24', 'fd42:0:0:1::/64'], ['192.0.2.2']),
    node('new', [], ['192.0.2.3']),
    node('nameless', ['10.42.4.0/24'], []),
  ]
  assert.deepEqual(nodeRoutes(nodes, 'other'), [
    { cidr: '10.42.0.0/24', via: '192.0.2.1' },
    { cidr: '10.42.1.0/24', via: '192.0.2.2' },
    { cidr: 'fd42::/64', via: '2001:db8::1' },
  ])
})

test('only what differs is changed', () => {
  const present = new Map([
    ['10.42.0.0/24', '192.0.2.1'],
    ['10.42.1.0/24', '192.0.2.2'],
    ['10.42.2.0/24', '192.0.2.3'],
  ])
  const wanted = new Map([
    ['10.42.0.0/24', '192.0.2.1'],
    ['10.42.1.0/24', '192.0.2.9'],
    ['10.42.3.0/24', '192.0.2.4'],
  ])
  assert.deepEqual(routeChanges(present, wanted), [
    'route del 10.42.2.0/24 proto 86',
    'route replace 10.42.1.0/24 via 192.0.2.9 proto 86',
    'route replace 10.42.3.0/24 via 192.0.2.4 proto 86',
  ])
  assert.deepEqual(routeChanges(wanted, wanted), [])
})

test('nodes on other segments are reached by the tunnel, where there can be one', () => {
  const near = { cidr: '10.42.1.0/24', via: '192.0.2.2' }
  const away = { cidr: '10.42.2.0/24', via: '198.51.100.3' }
  const ipv6 = { cidr: 'fd42::/64', via: '2001:db8::3' }
  const segments = segmentsOf([
    { prefix: '192.0.2.0/24', link: 'eth0', via: undefined },
    { prefix: '10.42.1.0/24', link: 'eth0', via: '192.0.2.2' },
    { prefix: '198.51.100.0/24', link: 'eth0', via: '192.0.2.254' },
    { prefix: '0.0.0.0/1', link: 'k8ts0', via: undefined },
    { prefix: '2001:db8::3/128', link: '', via: undefined },
  ])
  assert.deepEqual(segments, ['192.0.2.0/24'])
  const own = { cidr: '10.42.0.0/24', via: '192.0.2.1' }
  assert.deepEqual(sortRoutes([near, away, ipv6], segments, own), {
    direct: [near],
    tunnelled: [away],
    unreachable: [ipv6],
  })
  // A machine that is no node has no pods that others could answer.
  assert.deepEqual(sortRoutes([near, away], segments, undefined).unreachable, [away])
})

test('an end of the tunnel follows from the pod range', () => {
  assert.equal(tunnelMac('10.42.2.0/24'), '02:86:0a:2a:02:00')
  assert.deepEqual(tunnelEntry({ cidr: '10.42.2.0/24', address: '198.51.100.3' }), {
    ip: 'neigh replace 10.42.2.0 lladdr 02:86:0a:2a:02:00 dev k8ts-vxlan nud permanent',
    bridge: 'fdb replace 02:86:0a:2a:02:00 dev k8ts-vxlan dst 198.51.100.3',
  })
})

test('a route by the tunnel is known again', () => {
  const way = '10.42.2.0 dev k8ts-vxlan onlink'
  const wanted = new Map([['10.42.2.0/24', way]])
  assert.deepEqual(routeChanges(new Map([['10.42.2.0/24', '192.0.2.3']]), wanted), [
    `route replace 10.42.2.0/24 via ${way} proto 86`,
  ])
  assert.deepEqual(routeChanges(new Map([['10.42.2.0/24', '10.42.2.0']]), wanted), [])
})

test('routes into the ranges of other clusters are none of this one', () => {
  const routes = [
    ['10.42.1.0/24', '100.64.10.11'],
    ['10.44.1.0/24', '100.64.20.11'],
    ['fd42:0:0:1::/64', undefined],
  ] as const
  assert.deepEqual(routesInto(['10.42.0.0/16', 'fd42::/56'], routes), [routes[0], routes[2]])
})
