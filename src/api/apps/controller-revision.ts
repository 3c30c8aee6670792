import {
  parseGroupVersion,
  type OwnerReference,
  type InputObjectOf,
  int64,
  type Whole,
  raw,
  resource,
  struct,
} from '#machinery'
import { ageColumn, nameColumn } from '../columns.ts'
import {
  validateControllerRevision,
  validateControllerRevisionUpdate,
} from './controller-revision-validation.ts'

export const ControllerRevisionSchema = struct('io.k8s.api.apps.v1.ControllerRevision', () => ({
  data: raw('io.k8s.apimachinery.pkg.runtime.RawExtension', 2).emit(),
  revision: int64(3).emit().required(),
}))

export const ControllerRevision = resource({
  name: 'controllerrevisions',
  namespaced: true,
  faces: [
    { group: 'apps', version: 'v1', kind: 'ControllerRevision', schema: ControllerRevisionSchema },
  ],
  columns: [
    nameColumn,
    { name: 'Controller', value: (revision) => controllerOf(revision.metadata.ownerReferences) },
    { name: 'Revision', type: 'integer', value: (revision) => revision.revision },
    ageColumn,
  ],
  validate: validateControllerRevision,
  validateUpdate: validateControllerRevisionUpdate,
})
export type ControllerRevision = Whole<typeof ControllerRevisionSchema>
export type ControllerRevisionInput = InputObjectOf<typeof ControllerRevision>

function controllerOf(owners: readonly OwnerReference[] | undefined): string {
  const owner = owners?.find(({ controller }) => controller === true)
  if (owner === undefined) return '<none>'
  const group = parseGroupVersion(owner.apiVersion)?.group ?? ''
  const kind = owner.kind.toLowerCase()
  return `${group === '' ? kind : `${kind}.${group}`}/${owner.name}`
}
