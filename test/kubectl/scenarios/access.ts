import type { Scenario } from '../scenario.ts'

export const access: Scenario = {
  name: 'access',
  rows: [
    { args: 'auth can-i create pods', out: 'yes' },
    { args: 'auth can-i create pods --as=ann', out: 'no', exit: 1 },
    { args: 'auth can-i --list --as=ann', out: /selfsubjectaccessreviews\.authorization\.k8s\.io/ },
    {
      args: 'auth whoami',
      out: `ATTRIBUTE VALUE
Username kubernetes-admin
Groups [system:masters system:authenticated]
Extra: <text>`,
      since: 28,
    },
    {
      args: 'auth whoami --as=ann --as-group=team',
      out: 'ATTRIBUTE VALUE\nUsername ann\nGroups [team system:authenticated]',
      since: 28,
    },
    {
      args: 'get pods --as=ann',
      exit: 1,
      err: 'Error from server (Forbidden): pods is forbidden: User "ann" cannot list resource "pods" in API group "" in the namespace "access"',
    },
    {
      args: 'get nodes --as=ann',
      exit: 1,
      err: 'Error from server (Forbidden): nodes is forbidden: User "ann" cannot list resource "nodes" in API group "" at the cluster scope',
    },
    {
      args: 'delete deploy x --as=ann',
      exit: 1,
      err: 'Error from server (Forbidden): deployments.apps "x" is forbidden: User "ann" cannot delete resource "deployments" in API group "apps" in the namespace "access"',
    },
    {
      args: 'create role reader --verb=get,list --resource=pods',
      out: 'role.rbac.authorization.k8s.io/reader created',
    },
    {
      args: 'create rolebinding ann --role=reader --user=ann',
      out: 'rolebinding.rbac.authorization.k8s.io/ann created',
    },
    { args: 'auth can-i list pods --as=ann', out: 'yes' },
    { args: 'get pods --as=ann', err: 'No resources found in access namespace.' },
    { args: 'auth can-i list pods --as=ann -n default', out: 'no', exit: 1 },
    {
      args: 'create clusterrolebinding bob-access --clusterrole=view --user=bob',
      out: 'clusterrolebinding.rbac.authorization.k8s.io/bob-access created',
    },
    { args: 'auth can-i list deployments.apps --as=bob', out: 'yes' },
    { args: 'auth can-i list secrets --as=bob', out: 'no', exit: 1 },
    { args: 'auth can-i get pods --as=system:serviceaccount:access:default', out: 'no', exit: 1 },
    {
      args: 'create role more --verb=delete --resource=pods --as=bob',
      exit: 1,
      err: /roles\.rbac\.authorization\.k8s\.io is forbidden: User "bob" cannot create resource "roles"/,
    },
    { args: 'delete clusterrolebinding bob-access', out: /deleted/ },
  ],
}
