import type { Scenario } from '../scenario.ts'

const deployment = (replicas: number, image = 'nginx:1.27') => `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: ${replicas}
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
      - name: main
        image: ${image}
        resources:
          requests: {cpu: 500m, memory: 64Mi}
`

const configMap = (data: string) => `
apiVersion: v1
kind: ConfigMap
metadata:
  name: conf
data: ${data}
`

const service = `
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
`

export const changing: Scenario = {
  name: 'changing',
  rows: [
    { args: 'apply -f -', stdin: deployment(2), out: 'deployment.apps/web created' },
    { args: 'apply -f -', stdin: deployment(2), out: 'deployment.apps/web unchanged' },
    { args: 'apply -f -', stdin: deployment(3), out: 'deployment.apps/web configured' },
    { args: 'apply -f -', stdin: deployment(3), out: 'deployment.apps/web unchanged' },
    { args: "get deploy web -o jsonpath='{.spec.replicas} {.metadata.generation}'", out: '3 2' },
    {
      args: 'get deploy',
      out: 'NAME READY UP-TO-DATE AVAILABLE AGE\nweb 0/3 0 0 <age>',
    },
    {
      args: 'get deploy -o wide',
      out: `NAME READY UP-TO-DATE AVAILABLE AGE CONTAINERS IMAGES SELECTOR
web 0/3 0 0 <age> main nginx:1.27 app=web`,
    },
    { args: 'diff -f -', stdin: deployment(3), out: '' },
    {
      args: 'diff -f -',
      stdin: deployment(4),
      exit: 1,
      out: /\n- +replicas: 3\n\+ +replicas: 4\n/,
    },
    {
      args: 'apply -f - --dry-run=server',
      stdin: deployment(9),
      out: 'deployment.apps/web configured (server dry run)',
    },
    { args: "get deploy web -o jsonpath='{.spec.replicas}'", out: '3' },
    { args: 'scale deploy web --replicas=5', out: 'deployment.apps/web scaled' },
    { args: "get deploy web -o jsonpath='{.spec.replicas}'", out: '5' },
    { args: 'set image deploy/web main=nginx:1.28', out: 'deployment.apps/web image updated' },
    { args: 'set env deploy/web A=b', out: 'deployment.apps/web env updated' },
    {
      args: "get deploy web -o jsonpath='{.spec.template.spec.containers[0].env[0].value}'",
      out: 'b',
    },
    { args: 'rollout pause deploy/web', out: 'deployment.apps/web paused' },
    { args: 'rollout resume deploy/web', out: 'deployment.apps/web resumed' },
    { args: 'rollout restart deploy/web', out: 'deployment.apps/web restarted' },

    { args: 'apply -f -', stdin: configMap('{a: "1", b: "2"}'), out: 'configmap/conf created' },
    { args: 'apply -f -', stdin: configMap('{a: "1", c: "3"}'), out: 'configmap/conf configured' },
    { args: "get cm conf -o jsonpath='{.data}'", out: /^(\{"a":"1","c":"3"\}|map\[a:1 c:3\])$/ },
    {
      args: `patch cm conf --type merge -p '{"data":{"a":null,"d":"4"}}'`,
      out: 'configmap/conf patched',
    },
    {
      args: `patch cm conf --type merge -p '{"data":{"d":"4"}}'`,
      out: 'configmap/conf patched (no change)',
    },
    {
      args: `patch cm conf --type json -p '[{"op":"test","path":"/data/d","value":"4"},{"op":"replace","path":"/data/d","value":"5"}]'`,
      out: 'configmap/conf patched',
    },
    {
      args: `patch cm conf --type json -p '[{"op":"test","path":"/data/d","value":"4"}]'`,
      exit: 1,
      err: /^The request is invalid(: the server rejected our request due to an error in our request)?\n$/,
    },
    { args: "get cm conf -o jsonpath='{.data.d}'", out: '5' },
    {
      args: `patch deploy web -p '{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"busybox"}]}}}}'`,
      out: 'deployment.apps/web patched',
    },
    {
      args: "get deploy web -o jsonpath='{.spec.template.spec.containers[*].name}'",
      out: 'side main',
    },
    {
      args: `patch deploy web -p '{"spec":{"template":{"spec":{"containers":[{"name":"side","$patch":"delete"}]}}}}'`,
      out: 'deployment.apps/web patched',
    },
    {
      args: "get deploy web -o jsonpath='{.spec.template.spec.containers[*].name}'",
      out: 'main',
    },
    {
      args: 'edit cm conf',
      env: { KUBE_EDITOR: 'sed -i \'s/d: "5"/d: "6"/\'' },
      out: 'configmap/conf edited',
    },
    { args: "get cm conf -o jsonpath='{.data.d}'", out: '6' },
    {
      args: 'edit cm conf',
      env: { KUBE_EDITOR: 'true' },
      err: /cancelled, no changes made/,
      out: /^(Edit cancelled, no changes made\.\n)?$/,
    },
    { args: 'replace -f -', stdin: configMap('{z: "9"}'), out: 'configmap/conf replaced' },
    { args: "get cm conf -o jsonpath='{.data.z}{.data.d}'", out: '9' },
    {
      args: 'replace -f -',
      stdin: configMap('{}').replace('conf', 'absent'),
      exit: 1,
      err: /Error from server \(NotFound\): error when replacing "STDIN": configmaps "absent" not found/,
    },

    { args: 'apply -f -', stdin: service, out: 'service/web created' },
    { args: 'apply -f -', stdin: service, out: 'service/web unchanged' },
    {
      args: 'get svc web',
      out: 'NAME TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE\nweb ClusterIP 10.43.<any> <none> 80/TCP <age>',
    },
    { args: 'delete deploy,svc,cm --all', out: /deployment.apps "web" deleted/ },
  ],
}
