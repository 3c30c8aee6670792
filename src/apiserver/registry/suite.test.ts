import { ConfigMap, Deployment, Event, Namespace, Pod } from '#api'
import { must } from '#base'
import { resourceFromDocument } from '#machinery'
import { runRegistrySuite } from '../testing/registry-suite.ts'
import { widgets } from '../testing/widgets.ts'

const template = {
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'web', image: 'web:1' }] },
}

runRegistrySuite({
  title: 'ConfigMap',
  resource: ConfigMap,
  face: ConfigMap.faces[0],
  builtIn: true,
  content: () => ({ data: { n: '0', '10': 'ten', '9': 'nine' } }),
  change: (n) => ({ data: { n: String(n) } }),
  read: ({ data }) => Object(data).n,
  invalid: { change: { data: { 'not a key': 'x' } }, field: 'data[not a key]' },
})

runRegistrySuite({
  title: 'Pod',
  resource: Pod,
  face: Pod.faces[0],
  builtIn: true,
  content: () => ({
    spec: {
      automountServiceAccountToken: false,
      containers: [{ name: 'web', image: 'web:0' }],
    },
  }),
  change: (n) => ({ spec: { activeDeadlineSeconds: 1_000_000 - n } }),
  read: ({ spec }) => Object(spec).activeDeadlineSeconds,
  invalid: { change: { spec: { restartPolicy: 'Sometimes' } }, field: 'spec.restartPolicy' },
  status: {
    change: (n) => ({ status: { message: `message ${n}` } }),
    read: ({ status }) => Object(status).message,
  },
  selectable: { path: 'status.phase', value: 'Pending' },
})

runRegistrySuite({
  title: 'Deployment',
  resource: Deployment,
  face: Deployment.faces[0],
  builtIn: true,
  content: () => ({ spec: { selector: { matchLabels: { app: 'web' } }, template } }),
  change: (n) => ({ spec: { replicas: 10 + n } }),
  read: ({ spec }) => Object(spec).replicas,
  invalid: { change: { spec: { replicas: -1 } }, field: 'spec.replicas' },
  status: {
    change: (n) => ({ status: { observedGeneration: n } }),
    read: ({ status }) => Object(status).observedGeneration,
  },
})

runRegistrySuite({
  title: 'Namespace',
  resource: Namespace,
  face: Namespace.faces[0],
  builtIn: true,
  content: () => ({}),
  change: (n) => ({ metadata: { annotations: { n: String(n) } } }),
  read: ({ metadata }) => metadata.annotations?.['n'],
  invalid: { change: { metadata: { labels: { 'not a key': 'x' } } }, field: 'metadata.labels' },
  selectable: { path: 'status.phase', value: 'Active' },
  lasting: true,
})

const involved = { kind: 'Pod', name: 'web' }

runRegistrySuite({
  title: 'Event of v1',
  resource: Event,
  face: Event.faces[0],
  builtIn: true,
  content: (namespace) => ({
    involvedObject: { ...involved, namespace },
    reason: 'Started',
    type: 'Normal',
    count: 1,
  }),
  change: (n) => ({ count: 10 + n }),
  read: ({ count }) => count,
  invalid: {
    change: { involvedObject: { namespace: 'elsewhere' } },
    field: 'involvedObject.namespace',
  },
  selectable: { path: 'involvedObject.name', value: 'web' },
})

runRegistrySuite({
  title: 'Event of events.k8s.io/v1',
  resource: Event,
  face: must(Event.faces[1], 'events have two faces'),
  builtIn: true,
  content: (namespace) => ({
    eventTime: '2026-11-21T00:00:00.000000Z',
    regarding: { ...involved, namespace },
    reason: 'Started',
    action: 'Start',
    type: 'Normal',
    reportingController: 'example.com/suite',
    reportingInstance: 'one',
    note: 'note',
  }),
  change: (n) => ({ series: { count: 10 + n, lastObservedTime: '2026-11-21T00:00:01.000000Z' } }),
  read: ({ series }) => Object(series).count,
  invalid: { change: { reportingController: 'not a name' }, field: 'reportingComponent' },
  selectable: { path: 'regarding.name', value: 'web' },
})

const widget = resourceFromDocument(widgets())

runRegistrySuite({
  title: 'a kind from a document',
  resource: widget,
  face: widget.faces[0],
  builtIn: false,
  content: () => ({ spec: { size: 1, color: 'red' } }),
  change: (n) => ({ spec: { size: 10 + n } }),
  read: ({ spec }) => Object(spec).size,
  invalid: { change: { spec: { size: -1 } }, field: 'spec.size' },
  status: {
    change: (n) => ({ status: { seen: n } }),
    read: ({ status }) => Object(status).seen,
  },
  selectable: { path: 'spec.color', value: 'red' },
})
