import { ComponentStatus } from '#api'
import { errors, formatGroupVersion, listKind, type KubeObject } from '#machinery'
import { servedObject } from '../cache/entry.ts'
import { tableColumns } from '../cache/table-columns.ts'
import type { Served } from '../request.ts'
import type { KindDependencies } from './dependencies.ts'
import type { KindHooks } from './kind-hooks.ts'

const componentStatuses = { group: '', resource: 'componentstatuses' }
const face = ComponentStatus.faces[0]

/**
 * The health of the components this server knows of: its store, under upstream's name for it.
 *
 * Differs from Kubernetes: scheduler and controller manager are not guessed at by their usual ports.
 */
export function componentStatusHooks({ componentHealth }: KindDependencies): KindHooks {
  const all = () => [storeStatus(componentHealth().get('etcd'))]
  return {
    resource: ComponentStatus,
    get({ info }) {
      const found = all().find(({ metadata }) => metadata.name === info.name)
      if (found === undefined) throw errors.notFound(componentStatuses, info.name)
      return { type: 'object', code: 200, served: serve(found) }
    },
    list: () => ({
      type: 'list',
      apiVersion: formatGroupVersion(face),
      kind: listKind(face),
      columns: tableColumns(ComponentStatus),
      resourceVersion: '',
      continue: '',
      remainingItemCount: undefined,
      itemSchema: face.schema,
      items: all().map(serve),
    }),
  }
}

function storeStatus(why: string | undefined): ComponentStatus {
  const condition =
    why === undefined
      ? { type: 'Healthy', status: 'True' as const, message: 'ok' }
      : { type: 'Healthy', status: 'False' as const, error: why }
  return {
    apiVersion: 'v1',
    kind: 'ComponentStatus',
    metadata: { name: 'etcd-0' },
    conditions: [condition],
  }
}

function serve(object: KubeObject): Served {
  return servedObject(ComponentStatus, face, object)
}
