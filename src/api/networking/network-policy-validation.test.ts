import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { formatFieldError } from '#machinery'
import { decoded } from '../testing/decoded.ts'
import { NetworkPolicy, type NetworkPolicyInput } from './network-policy.ts'
import { validateNetworkPolicy } from './network-policy-validation.ts'

suite('NetworkPolicy', () => {
  type Spec = NonNullable<NetworkPolicyInput['spec']>
  type Rule = NonNullable<Spec['ingress']>[0]
  const from = (...peers: NonNullable<Rule['from']>): Spec => ({ ingress: [{ from: peers }] })
  const ports = (...list: NonNullable<Rule['ports']>): Spec => ({ egress: [{ ports: list }] })

  const cases: readonly [what: string, spec: Spec, errors: readonly string[]][] = [
    ['all pods', {}, []],
    [
      'pods of namespaces',
      from({ podSelector: {}, namespaceSelector: { matchLabels: { a: 'b' } } }),
      [],
    ],
    ['nobody', from({}), ['spec.ingress[0].from[0]: Required value: must specify a peer']],
    [
      'pods and addresses',
      from({ podSelector: {}, ipBlock: { cidr: '10.0.0.0/8' } }),
      ['spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer'],
    ],
    ['addresses but some', from({ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }), []],
    [
      'addresses but others, or all',
      from({ ipBlock: { cidr: '10.0.0.0/8', except: ['11.1.0.0/16', '10.0.0.0/8', 'fd00::/64'] } }),
      [
        'spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "11.1.0.0/16": must be a strict subset of `cidr`',
        'spec.ingress[0].from[0].ipBlock.except[1]: Invalid value: "10.0.0.0/8": must be a strict subset of `cidr`',
        'spec.ingress[0].from[0].ipBlock.except[2]: Invalid value: "fd00::/64": must be a strict subset of `cidr`',
      ],
    ],
    [
      'no block',
      from({ ipBlock: { cidr: '' } }),
      ['spec.ingress[0].from[0].ipBlock.cidr: Required value'],
    ],
    ['a range of ports', ports({ port: 80, endPort: 90 }, { port: 'web', protocol: 'SCTP' }), []],
    [
      'ranges that are none',
      ports({ port: 90, endPort: 80 }, { port: 'web', endPort: 80 }, { endPort: 80 }),
      [
        'spec.egress[0].ports[0].endPort: Invalid value: 90: must be greater than or equal to `port`',
        'spec.egress[0].ports[1].endPort: Invalid value: 80: may not be specified when `port` is non-numeric',
        'spec.egress[0].ports[2].endPort: Invalid value: 80: may not be specified when `port` is not specified',
      ],
    ],
    [
      'another protocol',
      ports({ protocol: 'ICMP' }),
      [
        'spec.egress[0].ports[0].protocol: Unsupported value: "ICMP": supported values: "TCP", "UDP", "SCTP"',
      ],
    ],
    [
      'three types',
      { policyTypes: ['Egress', 'Ingress', 'Egress'] },
      [
        'spec.policyTypes: Invalid value: ["Egress","Ingress","Egress"]: may not specify more than two policyTypes',
      ],
    ],
  ]
  for (const [what, spec, errors] of cases) {
    test(what, () => {
      const policy = decoded(NetworkPolicy, { metadata: {}, spec })
      assert.deepEqual(validateNetworkPolicy(policy).map(formatFieldError), errors)
    })
  }
})
