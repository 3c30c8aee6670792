/**
 * The part of etcd v3's gRPC interface that the store speaks, as a descriptor for the proto
 * loader: a value, so that it is found from sources and from the built package alike. Field numbers
 * are etcd's. Shapes below are as the loader gives them: 64-bit numbers as decimal text.
 */
export const etcdProtocol = {
  nested: {
    mvccpb: {
      nested: {
        KeyValue: message({
          key: 'bytes 1',
          create_revision: 'int64 2',
          mod_revision: 'int64 3',
          version: 'int64 4',
          value: 'bytes 5',
          lease: 'int64 6',
        }),
        Event: message({ type: 'EventType 1', kv: 'KeyValue 2', prev_kv: 'KeyValue 3' }),
        EventType: { values: { PUT: 0, DELETE: 1 } },
      },
    },
    etcdserverpb: {
      nested: {
        ResponseHeader: message({ revision: 'int64 3' }),
        RangeRequest: message({
          key: 'bytes 1',
          range_end: 'bytes 2',
          limit: 'int64 3',
          revision: 'int64 4',
          count_only: 'bool 9',
        }),
        RangeResponse: message({
          header: 'ResponseHeader 1',
          kvs: 'repeated mvccpb.KeyValue 2',
          count: 'int64 4',
        }),
        PutRequest: message({ key: 'bytes 1', value: 'bytes 2', lease: 'int64 3' }),
        PutResponse: message({ header: 'ResponseHeader 1' }),
        DeleteRangeRequest: message({ key: 'bytes 1' }),
        DeleteRangeResponse: message({ header: 'ResponseHeader 1', deleted: 'int64 2' }),
        RequestOp: message(
          {
            request_range: 'RangeRequest 1',
            request_put: 'PutRequest 2',
            request_delete_range: 'DeleteRangeRequest 3',
          },
          'request',
        ),
        ResponseOp: message(
          {
            response_range: 'RangeResponse 1',
            response_put: 'PutResponse 2',
            response_delete_range: 'DeleteRangeResponse 3',
          },
          'response',
        ),
        Compare: message({
          result: 'CompareResult 1',
          target: 'CompareTarget 2',
          key: 'bytes 3',
          mod_revision: 'int64 6',
        }),
        CompareResult: { values: { EQUAL: 0 } },
        CompareTarget: { values: { VERSION: 0, MOD: 2 } },
        TxnRequest: message({
          compare: 'repeated Compare 1',
          success: 'repeated RequestOp 2',
          failure: 'repeated RequestOp 3',
        }),
        TxnResponse: message({
          header: 'ResponseHeader 1',
          succeeded: 'bool 2',
          responses: 'repeated ResponseOp 3',
        }),
        CompactionRequest: message({ revision: 'int64 1' }),
        CompactionResponse: message({ header: 'ResponseHeader 1' }),
        WatchRequest: message({ create_request: 'WatchCreateRequest 1' }, 'request_union'),
        WatchCreateRequest: message({
          key: 'bytes 1',
          range_end: 'bytes 2',
          start_revision: 'int64 3',
          prev_kv: 'bool 6',
        }),
        WatchResponse: message({
          header: 'ResponseHeader 1',
          created: 'bool 3',
          canceled: 'bool 4',
          compact_revision: 'int64 5',
          cancel_reason: 'string 6',
          events: 'repeated mvccpb.Event 11',
        }),
        LeaseGrantRequest: message({ TTL: 'int64 1' }),
        LeaseGrantResponse: message({ header: 'ResponseHeader 1', ID: 'int64 2' }),
        LeaseRevokeRequest: message({ ID: 'int64 1' }),
        LeaseRevokeResponse: message({ header: 'ResponseHeader 1' }),
        LeaseKeepAliveRequest: message({ ID: 'int64 1' }),
        LeaseKeepAliveResponse: message({
          header: 'ResponseHeader 1',
          ID: 'int64 2',
          TTL: 'int64 3',
        }),
        LeaseTimeToLiveRequest: message({ ID: 'int64 1' }),
        LeaseTimeToLiveResponse: message({ header: 'ResponseHeader 1', grantedTTL: 'int64 4' }),
        LeaseLeasesRequest: message({}),
        LeaseLeasesResponse: message({
          header: 'ResponseHeader 1',
          leases: 'repeated LeaseStatus 2',
        }),
        LeaseStatus: message({ ID: 'int64 1' }),
        StatusRequest: message({}),
        StatusResponse: message({ header: 'ResponseHeader 1', dbSize: 'int64 3' }),
        KV: service({
          Range: 'RangeRequest RangeResponse',
          Txn: 'TxnRequest TxnResponse',
          Compact: 'CompactionRequest CompactionResponse',
        }),
        Watch: service({ Watch: 'stream WatchRequest WatchResponse' }),
        Lease: service({
          LeaseGrant: 'LeaseGrantRequest LeaseGrantResponse',
          LeaseRevoke: 'LeaseRevokeRequest LeaseRevokeResponse',
          LeaseKeepAlive: 'stream LeaseKeepAliveRequest LeaseKeepAliveResponse',
          LeaseTimeToLive: 'LeaseTimeToLiveRequest LeaseTimeToLiveResponse',
          LeaseLeases: 'LeaseLeasesRequest LeaseLeasesResponse',
        }),
        Maintenance: service({ Status: 'StatusRequest StatusResponse' }),
      },
    },
  },
}

/** Fields as `[repeated] type number`; with `oneof`, at most one of them is set. */
function message(fields: Readonly<Record<string, string>>, oneof?: string) {
  const parsed = Object.entries(fields).map(([name, text]) => {
    const [number, type, rule] = text.split(' ').toReversed()
    const field = { type: type ?? '', id: Number(number) }
    return [name, rule === undefined ? field : { ...field, rule }] as const
  })
  const oneofs = oneof === undefined ? {} : { oneofs: { [oneof]: { oneof: Object.keys(fields) } } }
  return { fields: Object.fromEntries(parsed), ...oneofs }
}

/** Methods as `[stream] request response`; a stream goes both ways. */
function service(methods: Readonly<Record<string, string>>) {
  const parsed = Object.entries(methods).map(([name, text]) => {
    const [responseType, requestType, stream] = text.split(' ').toReversed()
    const streams = stream === undefined ? {} : { requestStream: true, responseStream: true }
    return [name, { requestType: requestType ?? '', responseType: responseType ?? '', ...streams }]
  })
  return { methods: Object.fromEntries(parsed) }
}

interface Header {
  readonly header: { readonly revision: string }
}

export interface EtcdKeyValue {
  readonly key: Buffer
  readonly create_revision: string
  readonly mod_revision: string
  readonly version: string
  readonly value: Buffer
  readonly lease: string
}

export interface EtcdRange {
  readonly key: Uint8Array
  readonly range_end?: Uint8Array
  readonly limit?: number
  readonly revision?: number
  readonly count_only?: boolean
}

export interface EtcdRangeResponse extends Header {
  readonly kvs: readonly EtcdKeyValue[]
  readonly count: string
}

export interface EtcdEvent {
  readonly type: 'PUT' | 'DELETE'
  readonly kv: EtcdKeyValue
  readonly prev_kv: EtcdKeyValue | null
}

export interface EtcdWatchResponse extends Header {
  readonly canceled: boolean
  readonly compact_revision: string
  readonly cancel_reason: string
  readonly events: readonly EtcdEvent[]
}

type EtcdOp =
  | { readonly request_range: EtcdRange }
  | {
      readonly request_put: {
        readonly key: Uint8Array
        readonly value: Uint8Array
        readonly lease: string
      }
    }
  | { readonly request_delete_range: { readonly key: Uint8Array } }

/** Request and response of each method that answers once. */
export interface EtcdCalls {
  readonly 'KV.Range': [EtcdRange, EtcdRangeResponse]
  readonly 'KV.Txn': [
    {
      readonly compare: readonly {
        readonly result: 'EQUAL'
        readonly target: 'MOD'
        readonly key: Uint8Array
        readonly mod_revision: number
      }[]
      readonly success: readonly EtcdOp[]
      readonly failure: readonly EtcdOp[]
    },
    Header & {
      readonly succeeded: boolean
      readonly responses: readonly { readonly response_range: EtcdRangeResponse | null }[]
    },
  ]
  readonly 'KV.Compact': [{ readonly revision: number }, Header]
  readonly 'Lease.LeaseGrant': [{ readonly TTL: number }, Header & { readonly ID: string }]
  readonly 'Lease.LeaseRevoke': [{ readonly ID: string }, Header]
  readonly 'Lease.LeaseTimeToLive': [
    { readonly ID: string },
    Header & { readonly grantedTTL: string },
  ]
  readonly 'Lease.LeaseLeases': [
    Record<string, never>,
    Header & { readonly leases: readonly { readonly ID: string }[] },
  ]
  readonly 'Maintenance.Status': [Record<string, never>, Header & { readonly dbSize: string }]
}

/** Request and response of each method that is a stream both ways. */
export interface EtcdStreams {
  readonly 'Watch.Watch': [
    {
      readonly create_request: {
        readonly key: Uint8Array
        readonly range_end: Uint8Array
        readonly start_revision: number
        readonly prev_kv: true
      }
    },
    EtcdWatchResponse,
  ]
  readonly 'Lease.LeaseKeepAlive': [{ readonly ID: string }, Header & { readonly TTL: string }]
}
