import type { Scenario } from '../scenario.ts'

const node = `
apiVersion: v1
kind: Node
metadata: {name: operating}
`

const configMap = (value: string) => `
apiVersion: v1
kind: ConfigMap
metadata: {name: ssa}
data: {a: "${value}"}
`

const several = `
apiVersion: v1
kind: ConfigMap
metadata: {name: first}
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: ConfigMap, metadata: {name: second}}
- {apiVersion: v1, kind: Secret, metadata: {name: third}, stringData: {a: b}}
`

const budget = `
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 1, selector: {matchLabels: {run: web}}}
`

const preconditions = `{"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":"other"}}`

/** What operators do: nodes, server-side apply, budgets, preconditions. */
export const operating: Scenario = {
  name: 'operating',
  rows: [
    { args: 'create -f -', stdin: node, out: 'node/operating created' },
    {
      args: 'get node operating',
      out: 'NAME STATUS ROLES AGE VERSION\noperating Unknown <none> <age>',
    },
    { args: 'cordon operating', out: 'node/operating cordoned' },
    { args: "get node operating -o jsonpath='{.spec.unschedulable}'", out: 'true' },
    { args: 'uncordon operating', out: 'node/operating uncordoned' },
    { args: 'taint nodes operating key=value:NoSchedule', out: 'node/operating tainted' },
    {
      args: 'get node operating -o jsonpath=\'{.spec.taints[?(@.key=="key")].effect}\'',
      out: 'NoSchedule',
    },
    { args: 'taint nodes operating key-', out: 'node/operating untainted' },
    { args: 'label node operating disk=ssd', out: 'node/operating labeled' },
    { args: 'describe node operating', out: /^Name: +operating\n/ },
    { args: 'delete node operating', out: 'node "operating" deleted' },

    {
      args: 'apply --server-side -f -',
      stdin: configMap('1'),
      out: 'configmap/ssa serverside-applied',
    },
    {
      args: 'apply --server-side -f -',
      stdin: configMap('2'),
      out: 'configmap/ssa serverside-applied',
    },
    {
      args: 'apply --server-side --field-manager=other -f -',
      stdin: configMap('3'),
      exit: 1,
      err: /Apply failed with 1 conflict: conflict with "kubectl"(?: using v1)?: \.data\.a\n/,
    },
    {
      args: 'apply --server-side --field-manager=other --force-conflicts -f -',
      stdin: configMap('3'),
      out: 'configmap/ssa serverside-applied',
    },
    {
      args: 'get cm ssa -o yaml --show-managed-fields',
      out: /manager: other\n +operation: Apply/,
      since: 21,
    },

    {
      args: 'create -f -',
      stdin: several,
      out: 'configmap/first created\nconfigmap/second created\nsecret/third created',
    },
    { args: "get secret third -o jsonpath='{.data.a}'", out: 'Yg==' },
    {
      args: 'delete --raw /api/v1/namespaces/operating/configmaps/first -f -',
      stdin: preconditions,
      exit: 1,
      err: /Precondition failed: UID in precondition: other, UID in object meta: [\w-]+/,
    },
    { args: 'get cm first -o name', out: 'configmap/first' },
    { args: 'delete -f -', stdin: several, out: /^configmap "first" deleted/ },

    { args: 'run web --image=nginx', out: 'pod/web created' },
    { args: 'apply -f -', stdin: budget, out: 'poddisruptionbudget.policy/web created' },
    {
      args: 'get pdb web',
      out: 'NAME MIN AVAILABLE MAX UNAVAILABLE ALLOWED DISRUPTIONS AGE\nweb 1 N/A 0 <age>',
    },
    { args: 'delete pod web --grace-period=5', out: /^pod "web" deleted/ },
    { args: 'run web --image=nginx', out: 'pod/web created' },
    {
      args: 'delete pod web --grace-period=0 --force',
      out: /^pod "web" force deleted/,
      err: /[wW]arning: Immediate deletion does not wait/,
    },

    { args: 'create deploy d --image=nginx', out: 'deployment.apps/d created' },
    {
      args: 'set resources deploy d --requests=cpu=100m',
      out: 'deployment.apps/d resource requirements updated',
    },
    {
      args: 'set serviceaccount deploy d default',
      out: 'deployment.apps/d serviceaccount updated',
    },
    { args: 'autoscale deploy d --max=3', out: 'horizontalpodautoscaler.autoscaling/d autoscaled' },
    {
      args: 'get hpa d',
      out: /^NAME +REFERENCE +TARGETS +MINPODS +MAXPODS +REPLICAS +AGE\nd +Deployment\/d +/,
    },
    {
      args: "wait deploy d --for=jsonpath='{.spec.replicas}'=1 --timeout=5s",
      out: 'deployment.apps/d condition met',
      since: 23,
    },
    {
      args: 'wait deploy d --for=delete --timeout=1s',
      exit: 1,
      err: /timed out waiting for the condition/,
    },
    { args: 'get events', err: 'No resources found in operating namespace.' },
  ],
}
