import type { Exec, Ip, Mounts } from '#linux'
import { fabric, type Fabric } from '#network'
import { upNodes, type UpRecord } from './record.ts'

/** The segment of a cluster that `up` makes, as its record says. */
export function fabricOf(
  dataDir: string,
  record: UpRecord,
  facilities: { readonly exec: Exec; readonly mounts: Mounts; readonly ip: Ip },
): Fabric {
  return fabric({
    ...facilities,
    ...record,
    nodes: upNodes(dataDir, record),
    outbound: !record.isolated,
  })
}
