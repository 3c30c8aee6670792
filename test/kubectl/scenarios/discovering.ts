import type { Scenario } from '../scenario.ts'

export const discovering: Scenario = {
  name: 'discovering',
  rows: [
    { args: 'version', out: /Server Version: .*v?1\.36/, err: /.*/ },
    { args: 'api-versions', out: /^admissionregistration\.k8s\.io\/v1\n[^]*\nv1\n$/ },
    {
      args: 'api-resources --api-group=apps --no-headers',
      out: `controllerrevisions apps/v1 true ControllerRevision
daemonsets ds apps/v1 true DaemonSet
deployments deploy apps/v1 true Deployment
replicasets rs apps/v1 true ReplicaSet
statefulsets sts apps/v1 true StatefulSet`,
    },
    {
      args: 'api-resources --namespaced=false -o name',
      out: /^componentstatuses\n[^]*namespaces\nnodes\npersistentvolumes\n/,
    },
    { args: 'api-resources --verbs=create,list --api-group= -o name', out: /\npods\n/ },
    { args: 'explain pods', out: /KIND: +Pod\nVERSION: +v1\n/ },
    { args: 'explain pod.spec.containers.image', out: /FIELD: +image/ },
    { args: 'explain deploy --recursive', out: /matchExpressions/ },
    { args: 'explain pod.spec.nonsense', exit: 1, err: /field "nonsense" does not exist/ },
    { args: 'get --raw /version', out: /"major": "1",\n +"minor": "36"/ },
    { args: 'get --raw /readyz', out: 'ok' },
    { args: 'get --raw /livez?verbose', out: /\[\+\]ping ok\n[^]*livez check passed/ },
    { args: 'cluster-info', out: /Kubernetes control plane.* is running at/ },
    { args: 'get ns default', out: 'NAME STATUS AGE\ndefault Active <age>' },
    {
      args: 'get ns',
      out: /\ndefault +Active [^]*\nkube-node-lease +Active [^]*\nkube-public +Active [^]*\nkube-system +Active/,
    },
    {
      args: 'get svc kubernetes -n default',
      out: /\nkubernetes +ClusterIP +10\.43\.0\.1 +<none> +443\/TCP/,
    },
  ],
}
