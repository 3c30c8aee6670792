import type { Scenario } from '../scenario.ts'

const configMap = (rest: string) => `
apiVersion: v1
kind: ConfigMap
metadata: {name: x}
${rest}
`
const deployment = (label: string, rest = '') => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  ${rest}
  selector: {matchLabels: {app: ${label}}}
  template:
    metadata: {labels: {app: ${label}}}
    spec: {containers: [{name: main, image: nginx}]}
`

/** Upstream's words for what users get wrong. */
export const refusals: Scenario = {
  name: 'refusals',
  rows: [
    {
      args: 'get pod absent',
      exit: 1,
      err: 'Error from server (NotFound): pods "absent" not found',
    },
    {
      args: 'get nonsense',
      exit: 1,
      err: `error: the server doesn't have a resource type "nonsense"`,
    },
    {
      args: 'get cm -n absent',
      err: 'No resources found in absent namespace.',
    },
    {
      args: 'create cm x -n absent',
      exit: 1,
      err: /namespaces "absent" not found\n$/,
    },
    {
      args: 'create cm Upper_Case',
      exit: 1,
      err: /The ConfigMap "Upper_Case" is invalid: metadata\.name: Invalid value: "Upper_Case": a lowercase RFC 1123 subdomain must consist of|configmaps? "?Upper_Case"? is invalid|a lowercase RFC 1123 subdomain must consist of/,
    },
    {
      args: 'create -f - --validate=false',
      stdin: configMap('data: {a: [1]}'),
      exit: 1,
      err: /ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal array into Go struct field ConfigMap\.data of type string/,
    },
    {
      args: 'create -f - --validate=strict',
      stdin: configMap('dta: {a: b}'),
      exit: 1,
      err: /strict decoding error: unknown field "dta"/,
      since: 25,
    },
    {
      args: 'create -f - --validate=warn',
      stdin: configMap('dta: {a: b}'),
      out: 'configmap/x created',
      err: 'Warning: unknown field "dta"',
      since: 25,
    },
    {
      args: 'create -f -',
      stdin: configMap('dta: {a: b}'),
      exit: 1,
      err: /unknown field "dta" in io\.k8s\.api\.core\.v1\.ConfigMap/,
      until: 24,
    },
    { args: 'create cm made --from-literal=a=b', out: 'configmap/made created' },
    {
      args: 'replace -f -',
      stdin: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: made, resourceVersion: "1"}\n',
      exit: 1,
      err: /Error from server \(Conflict\): error when replacing "STDIN": Operation cannot be fulfilled on configmaps "made": the object has been modified; please apply your changes to the latest version and try again/,
    },
    { args: `patch cm made -p '{"immutable":true}'`, out: 'configmap/made patched' },
    {
      args: `patch cm made -p '{"data":{"a":"c"}}'`,
      exit: 1,
      err: 'The ConfigMap "made" is invalid: data: Forbidden: field is immutable when `immutable` is set',
    },
    { args: 'create -f -', stdin: deployment('a'), out: 'deployment.apps/web created' },
    {
      args: 'apply -f - --force-conflicts=false --server-side=false',
      stdin: deployment('b'),
      exit: 1,
      err: /The Deployment "web" is invalid: spec\.selector: Invalid value: .*: field is immutable/,
    },
    {
      args: 'create -f -',
      stdin: deployment('c', 'replicas: -1').replace('name: web', 'name: other'),
      exit: 1,
      err: /The Deployment "other" is invalid: spec\.replicas: Invalid value: -1: must be greater than or equal to 0/,
    },
    {
      args: 'create -f - --validate=false',
      stdin: 'apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: []}\n',
      exit: 1,
      err: 'The Pod "p" is invalid: spec.containers: Required value',
    },
    {
      args: 'create -f - --validate=false',
      stdin:
        'apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a, image: b, imagePullPolicy: Often}]}\n',
      exit: 1,
      err: /The Pod "p" is invalid: spec\.containers\[0\]\.imagePullPolicy: Unsupported value: "Often": supported values: "Always", "IfNotPresent", "Never"/,
    },
    {
      args: 'create -f -',
      stdin: 'apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: p}\n',
      exit: 1,
      err: /no matches for kind "Thing" in version "example\.com\/v1"/,
    },
    { args: 'run p --image=nginx', out: 'pod/p created' },
    {
      args: `patch pod p -p '{"spec":{"nodeSelector":{"a":"b"}}}'`,
      exit: 1,
      err: /The Pod "p" is invalid: spec: Forbidden: pod updates may not change fields other than/,
    },
    {
      args: 'scale deploy absent --replicas=1',
      exit: 1,
      err: /deployments.apps "absent" not found|no objects passed to scale/,
    },
    {
      args: 'get cm --field-selector=data.a=b',
      exit: 1,
      err: /Error from server \(BadRequest\): Unable to find "\/v1, Resource=configmaps" that match label selector "", field selector "data\.a=b": field label not supported: data\.a|field label not supported: data\.a/,
    },
    { args: "get cm -l 'a=='", err: /No resources found/ },
    { args: "get cm -l 'a b'", exit: 1, err: /unable to parse requirement/ },
  ],
}
