import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seededRandom } from '#base'
import { exampleIndex, service, slice } from '../testing/objects.ts'
import { recordText } from '../testing/text.ts'
import { classInternet, rcodeName, recordType } from '../wire/codes.ts'
import { nameOf } from '../wire/name.ts'
import { decide, type Cluster } from './decide.ts'
import type { ServiceIndex } from './service-index.ts'
import { zonesOf } from './zones.ts'

const ranges = ['10.43.0.0/16', '10.42.0.0/16', 'fd00:43::/112', 'fd00:42::/56']

function clusterOf(index: ServiceIndex, seed = 1): Cluster {
  return {
    zones: zonesOf('cluster.local', ranges),
    index,
    addresses: [Uint8Array.of(10, 43, 0, 10)],
    random: seededRandom(seed),
  }
}

type Type = keyof typeof recordType

/** Answers sorted, since their order is random; then authorities with `!`, additionals with `+`. */
function ask(cluster: Cluster, name: string, type: Type): string[] {
  const question = { name: nameOf(name), type: recordType[type], class: classInternet }
  const decision = decide(cluster, question)
  if (decision.to === 'forward') return ['forward']
  if (decision.to === 'follow') {
    return [...decision.aliases.map(recordText), `follow ${decision.target.join('.')}`]
  }
  const { rcode, answers, authorities, additionals } = decision.answer
  return [
    ...(rcode === 0 ? [] : [rcodeName(rcode)]),
    ...answers.map(recordText).sort(),
    ...authorities.map((each) => `! ${recordText(each)}`),
    ...additionals.map((each) => `+ ${recordText(each)}`).sort(),
  ]
}

const authority = (zone: string) =>
  `! ${zone} 30 SOA ns.dns.cluster.local. hostmaster.cluster.local. 1700000000 7200 1800 86400 30`
const noData = [authority('cluster.local.')]
const noName = ['NXDOMAIN', ...noData]
const at = (name: string) => `${name}.svc.cluster.local`

/** A claim, and questions with their whole answers. */
type Rows = readonly (readonly [string, Type, readonly string[]])[]

const specification: Readonly<Record<string, Rows>> = {
  '2.2 there is a TXT record that tells the version of the schema': [
    ['dns-version.cluster.local', 'TXT', ['dns-version.cluster.local. 28800 TXT "1.1.0"']],
    ['dns-version.cluster.local', 'A', noData],
    ['x.dns-version.cluster.local', 'TXT', noName],
  ],
  '2.3.1 a Service with a cluster IP has its A and AAAA records': [
    [at('kubernetes.default'), 'A', [`${at('kubernetes.default')}. 30 A 10.43.0.1`]],
    [at('kubernetes.default'), 'AAAA', noData],
    [at('dual.default'), 'A', [`${at('dual.default')}. 30 A 10.43.0.7`]],
    [at('dual.default'), 'AAAA', [`${at('dual.default')}. 30 AAAA fd00:43::7`]],
    [at('kubernetes.kube-system'), 'A', noName],
    [at('kubernetes.absent'), 'A', noName],
  ],
  '2.3.2 a named port of it has an SRV record, with the addresses beside it': [
    [
      `_https._tcp.${at('kubernetes.default')}`,
      'SRV',
      [
        `_https._tcp.${at('kubernetes.default')}. 30 SRV 0 100 443 ${at('kubernetes.default')}.`,
        `+ ${at('kubernetes.default')}. 30 A 10.43.0.1`,
      ],
    ],
    [
      `_dns._udp.${at('kube-dns.kube-system')}`,
      'SRV',
      [
        `_dns._udp.${at('kube-dns.kube-system')}. 30 SRV 0 100 53 ${at('kube-dns.kube-system')}.`,
        `+ ${at('kube-dns.kube-system')}. 30 A 10.43.0.10`,
      ],
    ],
    [`_https._udp.${at('kubernetes.default')}`, 'SRV', noName],
    [`_http._tcp.${at('kubernetes.default')}`, 'SRV', noName],
    [`_https._tcp.${at('absent.default')}`, 'SRV', noName],
    [`_._tcp.${at('dual.default')}`, 'SRV', noName],
  ],
  '2.3.3 its cluster IPs have PTR records': [
    [
      '1.0.43.10.in-addr.arpa',
      'PTR',
      [`1.0.43.10.in-addr.arpa. 30 PTR ${at('kubernetes.default')}.`],
    ],
    ['2.0.43.10.in-addr.arpa', 'PTR', ['NXDOMAIN', authority('43.10.in-addr.arpa.')]],
    [
      `7.${'0.'.repeat(23)}3.4.0.0.0.0.d.f.ip6.arpa`,
      'PTR',
      [`7.${'0.'.repeat(23)}3.4.0.0.0.0.d.f.ip6.arpa. 30 PTR ${at('dual.default')}.`],
    ],
  ],
  '2.4.1 a headless Service has an address record for each ready endpoint': [
    [
      at('headless.default'),
      'A',
      [`${at('headless.default')}. 30 A 10.42.0.2`, `${at('headless.default')}. 30 A 10.42.1.3`],
    ],
    [at('headless.default'), 'AAAA', [`${at('headless.default')}. 30 AAAA fd00:42::2`]],
    [at('portless.default'), 'A', [`${at('portless.default')}. 30 A 10.42.0.5`]],
  ],
  '2.4.1 without ready endpoints the answer is NXDOMAIN': [
    [at('idle.default'), 'A', noName],
    [`_http._tcp.${at('idle.default')}`, 'SRV', noName],
  ],
  '2.4.1 each ready endpoint has an address record under its hostname': [
    [`my-pet.${at('headless.default')}`, 'A', [`my-pet.${at('headless.default')}. 30 A 10.42.0.2`]],
    [
      `my-pet.${at('headless.default')}`,
      'AAAA',
      [`my-pet.${at('headless.default')}. 30 AAAA fd00:42::2`],
    ],
    [
      `10-42-1-3.${at('headless.default')}`,
      'A',
      [`10-42-1-3.${at('headless.default')}. 30 A 10.42.1.3`],
    ],
    [`10-42-1-4.${at('headless.default')}`, 'A', noName],
    [`10-42-0-2.${at('headless.default')}`, 'A', noName],
  ],
  '2.4.2 each ready endpoint has an SRV record for each named port': [
    [
      `_https._tcp.${at('headless.default')}`,
      'SRV',
      [
        `_https._tcp.${at('headless.default')}. 30 SRV 0 50 8443 10-42-1-3.${at('headless.default')}.`,
        `_https._tcp.${at('headless.default')}. 30 SRV 0 50 8443 my-pet.${at('headless.default')}.`,
        `+ 10-42-1-3.${at('headless.default')}. 30 A 10.42.1.3`,
        `+ my-pet.${at('headless.default')}. 30 A 10.42.0.2`,
        `+ my-pet.${at('headless.default')}. 30 AAAA fd00:42::2`,
      ],
    ],
  ],
  '2.4.3 each ready endpoint has a PTR record': [
    [
      '2.0.42.10.in-addr.arpa',
      'PTR',
      [`2.0.42.10.in-addr.arpa. 30 PTR my-pet.${at('headless.default')}.`],
    ],
    [
      '3.1.42.10.in-addr.arpa',
      'PTR',
      [`3.1.42.10.in-addr.arpa. 30 PTR 10-42-1-3.${at('headless.default')}.`],
    ],
    ['4.1.42.10.in-addr.arpa', 'PTR', ['NXDOMAIN', authority('42.10.in-addr.arpa.')]],
  ],
  '2.5 an ExternalName Service is a CNAME': [
    [at('outside.default'), 'CNAME', [`${at('outside.default')}. 30 CNAME www.example.com.`]],
    [
      at('outside.default'),
      'A',
      [`${at('outside.default')}. 30 CNAME www.example.com.`, 'follow www.example.com'],
    ],
    [
      at('inside.default'),
      'A',
      [
        `${at('inside.default')}. 30 CNAME ${at('kubernetes.default')}.`,
        `${at('kubernetes.default')}. 30 A 10.43.0.1`,
      ],
    ],
    [
      at('inside.default'),
      'ANY',
      [`${at('inside.default')}. 30 CNAME ${at('kubernetes.default')}.`],
    ],
    [
      at('dangling.default'),
      'A',
      ['NXDOMAIN', `${at('dangling.default')}. 30 CNAME ${at('gone.default')}.`, ...noData],
    ],
    [at('loop.default'), 'A', ['SERVFAIL']],
    [at('address.default'), 'A', noName],
    [at('long.default'), 'A', noName],
    [`x.${at('outside.default')}`, 'A', noName],
  ],
  '2.6 a pod has its address as a name, whether it exists or not': [
    ['1-2-3-4.default.pod.cluster.local', 'A', ['1-2-3-4.default.pod.cluster.local. 30 A 1.2.3.4']],
    ['1-2-3-4.default.pod.cluster.local', 'AAAA', noData],
    [
      'fd00--5.default.pod.cluster.local',
      'AAAA',
      ['fd00--5.default.pod.cluster.local. 30 AAAA fd00::5'],
    ],
    ['--1.default.pod.cluster.local', 'AAAA', ['--1.default.pod.cluster.local. 30 AAAA ::1']],
    ['1-2-3-256.default.pod.cluster.local', 'A', noName],
    ['name.default.pod.cluster.local', 'A', noName],
    ['1-2-3-4.absent.pod.cluster.local', 'A', noName],
    ['x.1-2-3-4.default.pod.cluster.local', 'A', noName],
  ],
}

describe('the Kubernetes DNS specification', () => {
  const cluster = clusterOf(exampleIndex())
  for (const [claim, rows] of Object.entries(specification)) {
    it(claim, () => {
      for (const [name, type, expected] of rows) {
        assert.deepEqual(ask(cluster, name, type), expected, `${type} ${name}`)
      }
    })
  }
})

describe('what the specification leaves open', () => {
  const cluster = clusterOf(exampleIndex())

  it('has the zone itself, its authority and its name servers', () => {
    assert.deepEqual(ask(cluster, 'cluster.local', 'SOA'), [authority('cluster.local.').slice(2)])
    assert.deepEqual(ask(cluster, 'cluster.local', 'NS'), [
      `cluster.local. 30 NS ${at('kube-dns.kube-system')}.`,
      `+ ${at('kube-dns.kube-system')}. 30 A 10.43.0.10`,
    ])
    assert.deepEqual(ask(cluster, 'ns.dns.cluster.local', 'A'), [
      'ns.dns.cluster.local. 30 A 10.43.0.10',
    ])
    const unnamed = { ...cluster, addresses: [Uint8Array.of(127, 0, 0, 1)] }
    assert.deepEqual(ask(unnamed, '43.10.in-addr.arpa', 'NS'), [
      '43.10.in-addr.arpa. 30 NS ns.dns.cluster.local.',
      '+ ns.dns.cluster.local. 30 A 127.0.0.1',
    ])
  })

  it('says of names that have others below them that they exist', () => {
    for (const name of [
      'cluster.local',
      'svc.cluster.local',
      'pod.cluster.local',
      'dns.cluster.local',
      at('bare'),
      'bare.pod.cluster.local',
      `_tcp.${at('kubernetes.default')}`,
      `_tcp.${at('headless.default')}`,
    ]) {
      assert.deepEqual(ask(cluster, name, 'A'), noData, name)
    }
    assert.deepEqual(ask(cluster, '0.43.10.in-addr.arpa', 'PTR'), [
      authority('43.10.in-addr.arpa.'),
    ])
  })

  it('denies what cannot be', () => {
    for (const name of [
      'kubernetes.cluster.local',
      'kubernetes.default.cluster.local',
      at('absent'),
      'absent.pod.cluster.local',
      `_udp.${at('kubernetes.default')}`,
      `_tcp.${at('dual.default')}`,
      `a.b.c.${at('kubernetes.default')}`,
      `__proto__.${at('kubernetes.default')}`,
      at('__proto__.constructor'),
    ]) {
      assert.deepEqual(ask(cluster, name, 'A'), noName, name)
    }
    for (const name of ['300', '01', '1.2.3', '-1', 'x'].map(
      (part) => `${part}.0.43.10.in-addr.arpa`,
    )) {
      assert.deepEqual(ask(cluster, name, 'PTR')[0], 'NXDOMAIN', name)
    }
  })

  it('compares names without case, and answers in that of the question', () => {
    assert.deepEqual(ask(cluster, 'KuberNetes.DEFAULT.Svc.Cluster.LOCAL', 'A'), [
      'KuberNetes.DEFAULT.Svc.Cluster.LOCAL. 30 A 10.43.0.1',
    ])
    assert.deepEqual(ask(cluster, '1.0.43.10.IN-ADDR.ARPA', 'PTR'), [
      `1.0.43.10.IN-ADDR.ARPA. 30 PTR ${at('kubernetes.default')}.`,
    ])
  })

  it('forwards what is not of the cluster, names of other addresses included', () => {
    for (const name of ['example.com', 'local', '', 'notcluster.local', '1.2.0.192.in-addr.arpa']) {
      assert.deepEqual(ask(cluster, name, 'A'), ['forward'], name)
    }
  })

  it('has records of ports at the name of a Service, unnamed ones too', () => {
    assert.deepEqual(ask(cluster, at('dual.default'), 'SRV'), [
      `${at('dual.default')}. 30 SRV 0 100 80 ${at('dual.default')}.`,
      `+ ${at('dual.default')}. 30 A 10.43.0.7`,
      `+ ${at('dual.default')}. 30 AAAA fd00:43::7`,
    ])
    assert.deepEqual(ask(cluster, at('portless.default'), 'SRV'), noData)
  })

  it('finds endpoints of any Service by name, and the addresses behind a port', () => {
    assert.deepEqual(ask(cluster, `100-64-10-1.${at('kubernetes.default')}`, 'A'), [
      `100-64-10-1.${at('kubernetes.default')}. 30 A 100.64.10.1`,
    ])
    assert.deepEqual(ask(cluster, `_https._tcp.${at('kubernetes.default')}`, 'A'), [
      `_https._tcp.${at('kubernetes.default')}. 30 A 10.43.0.1`,
    ])
  })

  it('answers ANY with all that there is at the name', () => {
    assert.deepEqual(ask(cluster, at('dual.default'), 'ANY'), [
      `${at('dual.default')}. 30 A 10.43.0.7`,
      `${at('dual.default')}. 30 AAAA fd00:43::7`,
      `${at('dual.default')}. 30 SRV 0 100 80 ${at('dual.default')}.`,
    ])
    assert.deepEqual(ask(cluster, at('bare'), 'ANY'), noData)
    assert.deepEqual(ask(cluster, at('kubernetes.default'), 'MX'), noData)
  })

  it('gives the addresses of a headless Service in any order', () => {
    const first = (seed: number) => {
      const question = { name: nameOf(at('headless.default')), type: recordType.A, class: 1 }
      const decision = decide(clusterOf(exampleIndex(), seed), question)
      return decision.to === 'answer' ? decision.answer.answers.map(recordText)[0] : undefined
    }
    assert.equal(new Set(Array.from({ length: 20 }, (_, i) => first(i))).size, 2)
  })
})

describe('changes', () => {
  it('are answered from the next question on', () => {
    const index = exampleIndex()
    const cluster = clusterOf(index)
    const headless = at('headless.default')
    const before = slice(
      'default/headless',
      [['https', 8443]],
      [
        { ip: '10.42.0.2', hostname: 'my-pet' },
        { ip: '10.42.1.3', ready: true },
        { ip: '10.42.1.4', ready: false },
      ],
    )
    index.setSlice(
      slice('default/headless', [['https', 8443]], [{ ip: '10.42.1.4' }]),
      before,
      5000,
    )
    assert.deepEqual(ask(cluster, headless, 'A'), [`${headless}. 30 A 10.42.1.4`])
    assert.deepEqual(ask(cluster, '2.0.42.10.in-addr.arpa', 'PTR')[0], 'NXDOMAIN')
    assert.equal(index.serial, 5)
    index.deleteSlice(slice('default/headless', [], []), 6000)
    assert.match(ask(cluster, headless, 'A')[0] ?? '', /^! /)
    assert.deepEqual(ask(cluster, headless, 'AAAA'), [`${headless}. 30 AAAA fd00:42::2`])
    index.deleteService(service('default/headless'), 7000)
    assert.deepEqual(ask(cluster, headless, 'AAAA')[0], 'NXDOMAIN')
    index.deleteNamespace('bare', 8000)
    assert.deepEqual(ask(cluster, at('bare'), 'A')[0], 'NXDOMAIN')
  })

  it('give a Service another address, and take its old one from it', () => {
    const index = exampleIndex()
    const cluster = clusterOf(index)
    index.setService(service('default/kubernetes', { clusterIP: '10.43.0.2', ports: [] }), 1)
    assert.deepEqual(ask(cluster, '1.0.43.10.in-addr.arpa', 'PTR')[0], 'NXDOMAIN')
    assert.equal(ask(cluster, '2.0.43.10.in-addr.arpa', 'PTR').length, 1)
    index.setService(
      service('default/kubernetes', { type: 'ExternalName', externalName: 'example.org' }),
      2,
    )
    assert.deepEqual(ask(cluster, '2.0.43.10.in-addr.arpa', 'PTR')[0], 'NXDOMAIN')
  })

  it('of slices that take over an endpoint from each other keep it', () => {
    const index = exampleIndex()
    const cluster = clusterOf(index)
    const [one, two] = ['one', 'two'].map((name) =>
      slice('bare/moved', [['http', 80]], [{ ip: '10.42.7.7' }], name),
    )
    index.setService(service('bare/moved', { clusterIP: 'None', clusterIPs: ['None'] }), 1)
    if (one !== undefined) index.setSlice(one, undefined, 1)
    if (two !== undefined) index.setSlice(two, undefined, 1)
    assert.deepEqual(ask(cluster, at('moved.bare'), 'A'), [`${at('moved.bare')}. 30 A 10.42.7.7`])
    if (one !== undefined) index.deleteSlice(one, 1)
    assert.deepEqual(ask(cluster, at('moved.bare'), 'A'), [`${at('moved.bare')}. 30 A 10.42.7.7`])
    assert.equal(ask(cluster, '7.7.42.10.in-addr.arpa', 'PTR').length, 1)
  })
})
