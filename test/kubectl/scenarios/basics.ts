import type { Scenario } from '../scenario.ts'

const pod = `
apiVersion: v1
kind: Pod
metadata:
  name: web
  labels: {app: web, tier: front}
spec:
  containers:
  - name: main
    image: nginx:1.27
    ports: [{containerPort: 80}]
`

export const basics: Scenario = {
  name: 'basics',
  rows: [
    { args: 'create configmap one --from-literal=a=1', out: 'configmap/one created' },
    { args: 'create cm two --from-literal=b=2 --from-literal=c=3', out: 'configmap/two created' },
    { args: 'get configmaps', out: 'NAME DATA AGE\none 1 <age>\ntwo 2 <age>' },
    { args: 'get cm one', out: 'NAME DATA AGE\none 1 <age>' },
    { args: 'get cm/one cm/two --no-headers', out: 'one 1 <age>\ntwo 2 <age>' },
    { args: 'get cm -o name', out: 'configmap/one\nconfigmap/two' },
    { args: 'get cm one -o wide', out: 'NAME DATA AGE\none 1 <age>' },
    { args: "get cm one -o jsonpath='{.data.a}'", out: '1' },
    { args: "get cm -o jsonpath='{.items[*].metadata.name}'", out: 'one two' },
    {
      args: 'get cm -o custom-columns=N:.metadata.name,B:.data.b',
      out: 'N B\none <none>\ntwo 2',
    },
    { args: "get cm one -o go-template='{{.data.a}}'", out: '1' },
    {
      args: 'get cm one -o yaml',
      out: `apiVersion: v1
data:
  a: "1"
kind: ConfigMap
metadata:
  creationTimestamp: <any>
  name: one
  namespace: basics
  resourceVersion: <any>
  uid: <any>`,
      since: 21,
    },
    {
      args: 'get cm one -o json',
      out: `{
    "apiVersion": "v1",
    "data": {
        "a": "1"
    },
    "kind": "ConfigMap",
    "metadata": {
        "creationTimestamp": <any>
        "name": "one",
        "namespace": "basics",
        "resourceVersion": <any>
        "uid": <any>
    }
}`,
      since: 21,
    },
    {
      args: 'get cm --sort-by=.metadata.name --show-labels',
      out: 'NAME DATA AGE LABELS\none 1 <age> <none>\ntwo 2 <age> <none>',
    },
    { args: 'get cm --chunk-size=1 -o name', out: 'configmap/one\nconfigmap/two' },
    { args: 'get cm --field-selector metadata.name=two -o name', out: 'configmap/two' },
    { args: 'label cm one tier=front', out: /^configmap\/one labeled\n$/ },
    { args: 'get cm -l tier=front -o name', out: 'configmap/one' },
    { args: "get cm -l 'tier!=front' -o name", out: 'configmap/two' },
    { args: 'get cm -L tier', out: 'NAME DATA AGE TIER\none 1 <age> front\ntwo 2 <age>' },
    {
      args: 'label cm one tier=back',
      exit: 1,
      err: /'?tier'? already has a value \(front\), and --overwrite is false/,
    },
    { args: 'label cm one tier=back --overwrite', out: 'configmap/one labeled' },
    { args: 'label cm one tier-', out: /^configmap\/one (unlabeled|labeled)\n$/ },
    { args: 'annotate cm one note=hello', out: /^configmap\/one annotated?\n$/ },
    { args: "get cm one -o jsonpath='{.metadata.annotations.note}'", out: 'hello' },
    { args: 'annotate cm one note-', out: /^configmap\/one annotated?\n$/ },
    {
      args: 'describe cm two',
      // The order of the keys is chance in kubectl itself.
      out: /^Name: +two\nNamespace: +basics\nLabels: +<none>\nAnnotations: +<none>\n\nData\n====\n[bc]:\n----\n/,
    },

    { args: 'create -f -', stdin: pod, out: 'pod/web created' },
    { args: 'get pods', out: 'NAME READY STATUS RESTARTS AGE\nweb 0/1 Pending 0 <age>' },
    {
      args: 'get pods -o wide',
      out: `NAME READY STATUS RESTARTS AGE IP NODE NOMINATED NODE READINESS GATES
web 0/1 Pending 0 <age> <none> <none> <none> <none>`,
    },
    {
      args: 'get all',
      out: 'NAME READY STATUS RESTARTS AGE\npod/web 0/1 Pending 0 <age>',
    },
    {
      args: 'get pods,cm',
      out: `NAME READY STATUS RESTARTS AGE
pod/web 0/1 Pending 0 <age>

NAME DATA AGE
configmap/one 1 <age>
configmap/two 2 <age>`,
    },
    { args: 'get pods -A --no-headers', out: 'basics web 0/1 Pending 0 <age>' },
    { args: 'get pods --field-selector=status.phase=Running', err: /^No resources found/ },
    { args: 'get pods --field-selector=status.phase=Pending -o name', out: 'pod/web' },
    { args: 'describe pod web', out: /QoS Class: +BestEffort/ },
    {
      args: 'delete pod web',
      out: /^pod "web" deleted( from basics namespace)?\n$/,
    },
    { args: 'get pods', err: 'No resources found in basics namespace.' },
    { args: 'delete cm one two', out: /^configmap "one" deleted.*\nconfigmap "two" deleted.*\n$/ },
    {
      args: 'delete cm one',
      exit: 1,
      err: 'Error from server (NotFound): configmaps "one" not found',
    },
    { args: 'delete cm one --ignore-not-found', out: '' },
    { args: 'create cm a', out: 'configmap/a created' },
    { args: 'create cm b', out: 'configmap/b created' },
    { args: 'delete cm --all', out: /configmap "a" deleted.*\nconfigmap "b" deleted/ },
  ],
}
