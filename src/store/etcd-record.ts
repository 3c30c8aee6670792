import type { EtcdKeyValue } from './etcd-protocol.ts'
import type { KeyValue } from './store.ts'

export function recordOf(kv: EtcdKeyValue): KeyValue {
  return {
    key: kv.key.toString(),
    // A copy: the message's bytes are one buffer for all of its records.
    value: new Uint8Array(kv.value),
    createRevision: Number(kv.create_revision),
    modRevision: Number(kv.mod_revision),
    version: Number(kv.version),
    lease: kv.lease === '0' ? undefined : kv.lease,
  }
}
