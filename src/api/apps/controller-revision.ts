import { type InputObjectOf, int64, type ObjectOf, raw, resource, struct } from '#machinery'

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
})
export type ControllerRevision = ObjectOf<typeof ControllerRevision>
export type ControllerRevisionInput = InputObjectOf<typeof ControllerRevision>
