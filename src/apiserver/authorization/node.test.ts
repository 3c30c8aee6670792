import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { MemoryLookup } from '../testing/memory-lookup.ts'
import { ask, askPath, userInfo } from '../testing/users.ts'
import { nodeRules } from './default-roles.ts'
import { NodeGraph } from './node-graph.ts'
import { NodeAuthorizer, nodeOf } from './node.ts'

const pods = { group: '', resource: 'pods' }
const volumes = { group: '', resource: 'persistentvolumes' }
const attachments = { group: 'storage.k8s.io', resource: 'volumeattachments' }
const slices = { group: 'resource.k8s.io', resource: 'resourceslices' }

const one = userInfo('system:node:one', 'system:nodes')
const two = userInfo('system:node:two', 'system:nodes')

function pod(name: string, nodeName: string, rest: object = {}, annotations = {}) {
  const metadata = { name, namespace: 'ns', annotations }
  return {
    metadata,
    spec: {
      nodeName,
      serviceAccountName: 'bot',
      imagePullSecrets: [{ name: 'pull' }],
      containers: [
        {
          env: [
            { valueFrom: { secretKeyRef: { name: 'env-secret' } } },
            { valueFrom: { configMapKeyRef: { name: 'env-config' } } },
          ],
          envFrom: [
            { secretRef: { name: 'from-secret' } },
            { configMapRef: { name: 'from-config' } },
          ],
        },
      ],
      initContainers: [{ envFrom: [{ secretRef: { name: 'init-secret' } }] }],
      volumes: [
        { name: 'a', secret: { secretName: 'volume-secret' } },
        { name: 'b', configMap: { name: 'volume-config' } },
        { name: 'c', persistentVolumeClaim: { claimName: 'claim' } },
        { name: 'd', ephemeral: {} },
        {
          name: 'e',
          projected: {
            sources: [
              { secret: { name: 'projected-secret' } },
              { configMap: { name: 'kube-root-ca.crt' } },
            ],
          },
        },
        { name: 'f', csi: { nodePublishSecretRef: { name: 'csi-secret' } } },
      ],
      resourceClaims: [
        { name: 'direct', resourceClaimName: 'claimed' },
        { name: 'made', resourceClaimTemplateName: 't' },
      ],
      ...rest,
    },
    status: { resourceClaimStatuses: [{ name: 'made', resourceClaimName: 'made-x' }] },
  }
}

function cluster() {
  const lookup = new MemoryLookup()
  lookup.put(pods, pod('web', 'one'))
  lookup.put(volumes, {
    metadata: { name: 'pv' },
    spec: {
      claimRef: { namespace: 'ns', name: 'claim' },
      csi: { nodeStageSecretRef: { name: 'stage-secret', namespace: 'storage' } },
    },
  } as never)
  lookup.put(attachments, { metadata: { name: 'va' }, spec: { nodeName: 'one' } } as never)
  lookup.put(slices, { metadata: { name: 'slice' }, spec: { nodeName: 'one' } } as never)
  const authorizer = new NodeAuthorizer(new NodeGraph(lookup), nodeRules)
  return { lookup, authorizer }
}

test('who is a kubelet', () => {
  assert.equal(nodeOf(one), 'one')
  assert.equal(nodeOf(userInfo('system:node:one')), undefined)
  assert.equal(nodeOf(userInfo('one', 'system:nodes')), undefined)
  assert.equal(nodeOf(userInfo('system:node:', 'system:nodes')), '')
})

test('a kubelet reads what pods of its node refer to, and no other kubelet does', () => {
  const { authorizer } = cluster()
  const related = [
    [
      'secrets',
      'pull env-secret from-secret init-secret volume-secret projected-secret csi-secret',
    ],
    ['configmaps', 'env-config from-config volume-config kube-root-ca.crt'],
    ['persistentvolumeclaims', 'claim web-d'],
    ['resourceclaims.resource.k8s.io', 'claimed made-x'],
    ['serviceaccounts', 'bot'],
    ['pods', 'web'],
  ] as const
  for (const [resource, names] of related) {
    for (const name of names.split(' ')) {
      const at = { namespace: 'ns', name }
      assert.equal(authorizer.authorize(ask(one, 'get', resource, at)).decision, 'allow', name)
      assert.deepEqual(authorizer.authorize(ask(two, 'get', resource, at)), {
        decision: 'noOpinion',
        reason: "no relationship found between node 'two' and this object",
      })
      const elsewhere = { namespace: 'other', name }
      assert.equal(authorizer.authorize(ask(one, 'get', resource, elsewhere)).decision, 'noOpinion')
    }
  }
})

test('the table of v1.36', () => {
  const { authorizer } = cluster()
  const ns = (name: string) => ({ namespace: 'ns', name })
  const lease = (name: string, namespace = 'kube-node-lease') => ({ namespace, name })
  const selector = (key: string, value: string) => ({
    fieldSelector: [{ key, operator: '=', values: [value] }],
  })
  const table = [
    [ask(one, 'get', 'persistentvolumes', { name: 'pv' }), true],
    [ask(two, 'get', 'persistentvolumes', { name: 'pv' }), false],
    [ask(one, 'get', 'secrets', { namespace: 'storage', name: 'stage-secret' }), true],
    [ask(two, 'get', 'secrets', { namespace: 'storage', name: 'stage-secret' }), false],
    [ask(one, 'list', 'secrets', ns('pull')), true],
    [ask(one, 'watch', 'secrets', ns('pull')), true],
    [ask(one, 'list', 'secrets', ns('')), false],
    [ask(one, 'list', 'secrets'), false],
    [ask(one, 'update', 'secrets', ns('pull')), false],
    [ask(one, 'get', 'secrets', ns('__proto__')), false],
    [ask(one, 'update', 'persistentvolumeclaims/status', ns('claim')), true],
    [ask(one, 'update', 'persistentvolumeclaims', ns('claim')), false],
    [ask(one, 'create', 'serviceaccounts/token', ns('bot')), true],
    [ask(two, 'create', 'serviceaccounts/token', ns('bot')), false],
    [ask(one, 'create', 'serviceaccounts/token', ns('')), false],
    [ask(one, 'create', 'serviceaccounts', ns('bot')), false],
    [ask(one, 'get', 'volumeattachments.storage.k8s.io', { name: 'va' }), true],
    [ask(two, 'get', 'volumeattachments.storage.k8s.io', { name: 'va' }), false],
    [ask(one, 'update', 'leases.coordination.k8s.io', lease('one')), true],
    [ask(one, 'create', 'leases.coordination.k8s.io', lease('')), true],
    [ask(one, 'update', 'leases.coordination.k8s.io', lease('two')), false],
    [ask(one, 'update', 'leases.coordination.k8s.io', lease('one', 'kube-system')), false],
    [ask(one, 'list', 'leases.coordination.k8s.io', lease('')), false],
    [ask(one, 'update', 'csinodes.storage.k8s.io', { name: 'one' }), true],
    [ask(one, 'get', 'csinodes.storage.k8s.io', { name: 'two' }), false],
    [ask(one, 'create', 'resourceslices.resource.k8s.io'), true],
    [ask(one, 'update', 'resourceslices.resource.k8s.io', { name: 'slice' }), true],
    [ask(two, 'update', 'resourceslices.resource.k8s.io', { name: 'slice' }), false],
    [ask(one, 'list', 'resourceslices.resource.k8s.io'), false],
    [ask(one, 'list', 'resourceslices.resource.k8s.io', selector('spec.nodeName', 'one')), true],
    [ask(one, 'get', 'nodes', { name: 'one' }), true],
    [ask(one, 'watch', 'nodes', { name: 'one' }), true],
    [ask(one, 'get', 'nodes', { name: 'two' }), false],
    [ask(one, 'list', 'nodes'), false],
    [ask(one, 'patch', 'nodes/status', { name: 'one' }), true],
    [ask(one, 'delete', 'nodes', { name: 'one' }), false],
    [ask(one, 'list', 'pods'), false],
    [ask(one, 'list', 'pods', selector('spec.nodeName', 'one')), true],
    [ask(one, 'list', 'pods', selector('spec.nodeName', 'two')), false],
    [ask(one, 'create', 'pods', ns('mirror')), true],
    [ask(one, 'patch', 'pods/status', ns('web')), true],
    [ask(one, 'create', 'pods/eviction', ns('web')), true],
    [ask(one, 'create', 'pods/exec', ns('web')), false],
    [ask(one, 'patch/status', 'pods', ns('web')), false],
    [ask(one, 'create', 'certificatesigningrequests.certificates.k8s.io'), true],
    [ask(one, 'list', 'services'), true],
    [ask(one, 'delete', 'services', ns('x')), false],
    [askPath(one, 'get', '/metrics'), false],
    [ask(userInfo('system:node:', 'system:nodes'), 'list', 'services'), false],
    [ask(userInfo('jane'), 'list', 'services'), false],
  ] as const
  for (const [attributes, allowed] of table) {
    const { decision } = authorizer.authorize(attributes)
    assert.equal(decision === 'allow', allowed, JSON.stringify(attributes))
  }
})

test('the graph follows pods and volumes', () => {
  const { lookup, authorizer } = cluster()
  const decide = (name: string) =>
    authorizer.authorize(ask(one, 'get', 'secrets', { namespace: 'ns', name })).decision
  lookup.put(pods, pod('second', 'one'))
  lookup.delete(pods, 'ns', 'web')
  assert.equal(decide('pull'), 'allow', 'another pod still refers to it')
  lookup.delete(pods, 'ns', 'second')
  assert.equal(decide('pull'), 'noOpinion')
  const secret = ask(one, 'get', 'secrets', { namespace: 'storage', name: 'stage-secret' })
  assert.equal(authorizer.authorize(secret).decision, 'noOpinion')
  lookup.put(pods, pod('web', ''))
  assert.equal(decide('pull'), 'noOpinion', 'not yet on a node')
  lookup.put(pods, pod('web', 'one'))
  assert.equal(decide('pull'), 'allow')
  assert.equal(authorizer.authorize(secret).decision, 'allow')
  lookup.delete(volumes, '', 'pv')
  assert.equal(authorizer.authorize(secret).decision, 'noOpinion')
})

test('a mirror pod grants nothing but itself', () => {
  const lookup = new MemoryLookup()
  const annotations = { 'kubernetes.io/config.mirror': 'x' }
  lookup.put(pods, pod('static', 'one', {}, annotations))
  const authorizer = new NodeAuthorizer(new NodeGraph(lookup), nodeRules)
  const decide = (resource: string, name: string) =>
    authorizer.authorize(ask(one, 'get', resource, { namespace: 'ns', name })).decision
  assert.equal(decide('pods', 'static'), 'allow')
  assert.equal(decide('secrets', 'pull'), 'noOpinion')
})
