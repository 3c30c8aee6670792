import assert from 'node:assert/strict'
import { test } from 'node:test'
import { routeChanges, routesInto } from './node-routes.ts'
import { nodeRoutes, type RoutedNode } from './routes.ts'

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

test('routes into the ranges of other clusters are none of this one', () => {
  const routes = [
    ['10.42.1.0/24', '100.64.10.11'],
    ['10.44.1.0/24', '100.64.20.11'],
    ['fd42:0:0:1::/64', undefined],
  ] as const
  assert.deepEqual(routesInto(['10.42.0.0/16', 'fd42::/56'], routes), [routes[0], routes[2]])
})
