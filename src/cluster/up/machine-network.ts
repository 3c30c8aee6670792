import type { Clock } from '#base'
import { ipIn, nftIn, realExec, realMounts } from '#linux'
import { fabric, type Fabric } from '#network'
import { upNodes, type UpRecord } from './record.ts'

/** The segment of a cluster that `up` makes, as its record says. */
export function fabricOf(dataDir: string, record: UpRecord, clock: Clock): Fabric {
  const exec = realExec(clock)
  return fabric({
    exec,
    mounts: realMounts(exec),
    ip: ipIn(exec),
    nft: nftIn(exec),
    ...record,
    nodes: upNodes(dataDir, record),
    outbound: !record.isolated,
  })
}
