import type { Row } from '../run.ts'

const web = (image: string, more = '') => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  ${more}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: "${image}", ports: [{containerPort: 80}]}
`

const tooLarge = `
apiVersion: v1
kind: Pod
metadata: {name: large}
spec:
  containers:
  - {name: c, image: large, resources: {requests: {cpu: "100"}}}
`

const service = `
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
`

/** Rolling, scaling, healing, draining and deleting an application on simulated nodes. */
export const workloads: readonly Row[] = [
  { args: 'wait --for=condition=Ready node --all --timeout=20s' },
  { args: 'create -f -', stdin: web('web:1'), out: 'deployment.apps/web created' },
  { args: 'create -f -', stdin: service, out: 'service/web created' },
  { args: 'rollout status deployment/web --timeout=20s', out: /successfully rolled out/ },
  { args: 'get deployment web --no-headers', out: 'web 3/3 3 3 <age>' },
  { args: 'wait --for=condition=Available deployment/web --timeout=20s' },
  { args: 'set image deployment/web web=web:2', out: 'deployment.apps/web image updated' },
  { args: 'rollout status deployment/web --timeout=20s', out: /successfully rolled out/ },
  { args: 'rollout history deployment/web', out: /\n1 +<none>\n2 +<none>\n/ },
  { args: 'rollout undo deployment/web', out: /deployment.apps\/web rolled back/ },
  { args: 'rollout status deployment/web --timeout=20s', out: /successfully rolled out/ },
  {
    args: 'get deployment web -o jsonpath={.spec.template.spec.containers[0].image}',
    out: 'web:1',
  },
  { args: 'rollout pause deployment/web', out: 'deployment.apps/web paused' },
  { args: 'set image deployment/web web=web:3' },
  { args: 'rollout resume deployment/web', out: 'deployment.apps/web resumed' },
  { args: 'rollout status deployment/web --timeout=20s', out: /successfully rolled out/ },
  { args: 'rollout restart deployment/web', out: 'deployment.apps/web restarted' },
  { args: 'rollout status deployment/web --timeout=20s', out: /successfully rolled out/ },
  { args: 'scale deployment/web --replicas=6', out: 'deployment.apps/web scaled' },
  { args: 'rollout status deployment/web --timeout=20s', out: /successfully rolled out/ },
  { args: 'get deployment web --no-headers', out: 'web 6/6 6 6 <age>' },
  { args: 'expose deployment web --name=exposed --port=80', out: 'service/exposed exposed' },
  { args: 'describe deployment web', out: /ScalingReplicaSet/ },

  { args: 'create -f -', stdin: tooLarge, out: 'pod/large created' },
  {
    args: 'wait --for=condition=PodScheduled=false pod/large --timeout=20s',
    out: 'pod/large condition met',
    since: 23,
  },
  { args: 'describe pod large', out: /0\/3 nodes are available: 3 Insufficient cpu/, since: 23 },
  { args: 'delete pod large', out: 'pod "large" deleted' },

  { args: 'cordon simulated-0', out: 'node/simulated-0 cordoned' },
  {
    args: 'drain simulated-0 --timeout=20s',
    out: /node\/simulated-0 (drained|evicted)/,
    err: /.*/,
  },
  { args: 'rollout status deployment/web --timeout=20s', out: /successfully rolled out/ },
  {
    args: 'get pods -o name --field-selector spec.nodeName=simulated-0',
    out: '',
  },
  { args: 'uncordon simulated-0', out: 'node/simulated-0 uncordoned' },
  {
    args: 'taint node simulated-1 gone=soon:NoExecute',
    out: 'node/simulated-1 tainted',
  },
  { args: 'rollout status deployment/web --timeout=20s', out: /successfully rolled out/ },
  { args: 'taint node simulated-1 gone-', out: 'node/simulated-1 untainted' },

  // Cascades: orphaned ReplicaSets stay, then everything goes with its owner.
  { args: 'delete deployment web --cascade=orphan', out: 'deployment.apps "web" deleted' },
  { args: 'get replicasets -o name', out: /^replicaset.apps\/web-/ },
  { args: 'delete replicasets --all --cascade=foreground --timeout=20s', out: /deleted/ },
  { args: 'get pods -o name', out: '' },
]

/** A namespace goes with all that is in it. */
export const emptying: readonly Row[] = [
  { args: 'create namespace doomed', out: 'namespace/doomed created' },
  { args: 'create deployment -n doomed web --image=web', out: 'deployment.apps/web created' },
  { args: 'rollout status -n doomed deployment/web --timeout=20s', out: /successfully rolled out/ },
  { args: 'delete namespace doomed --timeout=25s', out: 'namespace "doomed" deleted' },
  { args: 'get namespace doomed', exit: 1, err: /namespaces "doomed" not found/ },
]
