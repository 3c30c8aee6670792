import type { Scenario } from '../scenario.ts'

/** `kubectl create` of every sub-kind. */
export const creating: Scenario = {
  name: 'creating',
  rows: [
    {
      args: 'create clusterrole creating --verb=get,list --resource=pods',
      out: 'clusterrole.rbac.authorization.k8s.io/creating created',
    },
    {
      args: 'create clusterrolebinding creating --clusterrole=creating --user=carl',
      out: 'clusterrolebinding.rbac.authorization.k8s.io/creating created',
    },
    { args: 'create configmap c --from-literal=a=b', out: 'configmap/c created' },
    {
      args: "create cronjob c --image=busybox --schedule='*/5 * * * *' -- date",
      out: 'cronjob.batch/c created',
      since: 21,
    },
    { args: 'create deployment d --image=nginx --replicas=2', out: 'deployment.apps/d created' },
    {
      args: 'create ingress i --rule=example.com/*=web:80',
      out: 'ingress.networking.k8s.io/i created',
    },
    { args: 'create job j --image=busybox -- date', out: 'job.batch/j created' },
    { args: 'create namespace creating-more', out: 'namespace/creating-more created' },
    {
      args: 'create pdb p --selector=app=web --min-available=1',
      out: 'poddisruptionbudget.policy/p created',
      since: 21,
    },
    {
      args: 'create priorityclass creating --value=1000 --description=x',
      out: 'priorityclass.scheduling.k8s.io/creating created',
    },
    { args: 'create quota q --hard=cpu=1,pods=2', out: 'resourcequota/q created' },
    {
      args: 'create role r --verb=get --resource=pods',
      out: 'role.rbac.authorization.k8s.io/r created',
    },
    {
      args: 'create rolebinding r --role=r --serviceaccount=creating:default',
      out: 'rolebinding.rbac.authorization.k8s.io/r created',
    },
    { args: 'create secret generic s --from-literal=a=b', out: 'secret/s created' },
    {
      args: 'create secret docker-registry dr --docker-username=u --docker-password=p --docker-email=e@x',
      out: 'secret/dr created',
    },
    { args: 'create service clusterip sc --tcp=80:8080', out: 'service/sc created' },
    { args: 'create service nodeport sn --tcp=80', out: 'service/sn created' },
    { args: 'create service loadbalancer sl --tcp=80', out: 'service/sl created' },
    { args: 'create service externalname se --external-name=x.example', out: 'service/se created' },
    { args: 'create serviceaccount sa', out: 'serviceaccount/sa created' },
    { args: 'create token sa --duration=1h', out: /^ey[\w-]+\.[\w-]+\.[\w-]+\n?$/, since: 24 },
    {
      args: 'create token absent',
      exit: 1,
      err: /serviceaccounts "absent" not found/,
      since: 24,
    },
    {
      args: 'create cm c',
      exit: 1,
      err: /^(Error from server \(AlreadyExists\)|error: failed to create configmap): configmaps "c" already exists\n$/,
    },
    { args: 'create cm dry --dry-run=server', out: 'configmap/dry created (server dry run)' },
    {
      args: 'get cm dry',
      exit: 1,
      err: 'Error from server (NotFound): configmaps "dry" not found',
    },
    { args: 'create cm dry --dry-run=client -o name', out: 'configmap/dry' },
    {
      args: 'get svc sn',
      out: 'NAME TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE\nsn NodePort 10.43.<any> <none> 80:<any>/TCP <age>',
    },
    {
      args: 'get svc se',
      out: 'NAME TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE\nse ExternalName <none> x.example <none> <age>',
    },
    { args: 'get secret s', out: 'NAME TYPE DATA AGE\ns Opaque 1 <age>' },
    { args: 'get secret dr -o jsonpath={.type}', out: 'kubernetes.io/dockerconfigjson' },
    { args: 'get pc creating', out: /^NAME +VALUE +GLOBAL-DEFAULT +AGE.*\ncreating +1000 +false/ },
    { args: 'run r --image=busybox', out: 'pod/r created' },
    { args: 'expose pod r --port=80 --name=er', exit: 0, out: /^service\/er exposed\n$/ },
    { args: 'delete clusterrole,clusterrolebinding,priorityclass creating', out: /deleted/ },
    { args: 'delete ns creating-more --wait=false', out: /^namespace "creating-more" deleted\n$/ },
  ],
}
