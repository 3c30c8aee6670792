import {
  nameIsDNSLabel,
  type InputObjectOf,
  item,
  list,
  type Whole,
  type ReadOf,
  resource,
  string,
  struct,
  time,
  value,
} from '#machinery'
import { ageColumn, nameColumn } from '../columns.ts'
import {
  markDeleting,
  pendingFinalizers,
  prepareForCreate,
  prepareForFinalize,
  prepareForUpdate,
  validateNamespace,
  validateStatusUpdate,
} from './namespace-strategy.ts'

export const NamespaceSchema = struct('io.k8s.api.core.v1.Namespace', () => ({
  spec: value(NamespaceSpec, 2),
  status: value(NamespaceStatus, 3),
}))

export const NamespaceSpec = struct('io.k8s.api.core.v1.NamespaceSpec', () => ({
  finalizers: list(item.string, 1),
}))
export type NamespaceSpec = ReadOf<typeof NamespaceSpec>

export const NamespaceStatus = struct('io.k8s.api.core.v1.NamespaceStatus', () => ({
  phase: string(1).values('Active', 'Terminating').default('Active'),
  conditions: list(NamespaceCondition, 2).mapBy('type').patch('merge', 'type'),
}))
export type NamespaceStatus = ReadOf<typeof NamespaceStatus>

export const NamespaceCondition = struct('io.k8s.api.core.v1.NamespaceCondition', () => ({
  type: string(1).emit().required(),
  status: string(2).values('False', 'True', 'Unknown').emit().required(),
  lastTransitionTime: time(4).orNull(),
  reason: string(5),
  message: string(6),
}))
export type NamespaceCondition = ReadOf<typeof NamespaceCondition>

export const Namespace = resource({
  name: 'namespaces',
  shortNames: ['ns'],
  namespaced: false,
  faces: [{ group: '', version: 'v1', kind: 'Namespace', schema: NamespaceSchema }],
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  subresources: {
    status: { verbs: ['get', 'patch', 'update'], validateUpdate: validateStatusUpdate },
    finalize: {
      verbs: ['update'],
      prepareForUpdate: prepareForFinalize,
      validateUpdate: validateNamespace,
    },
  },
  generation: false,
  columns: [
    nameColumn,
    { name: 'Status', value: (namespace) => namespace.status.phase },
    ageColumn,
  ],
  selectableFields: [{ path: 'status.phase', value: (namespace) => namespace.status.phase }],
  validateName: nameIsDNSLabel,
  prepareForCreate,
  prepareForUpdate,
  validate: validateNamespace,
  validateUpdate: validateNamespace,
  pendingFinalizers,
  markDeleting,
})
export type Namespace = Whole<typeof NamespaceSchema>
export type NamespaceInput = InputObjectOf<typeof Namespace>
