import type { Flag } from './flags.ts'

/** What is particular to a component. */
export interface ComponentDefaults {
  /** Of its Lease in kube-system. */
  readonly lease: string
  readonly port: number
}

/** Said once for all components, in their help. */
export const openMetrics = [
  'The secure port answers /healthz, /livez, /readyz and /metrics to whoever asks: callers are not',
  'authenticated yet, so it is on loopback unless --bind-address says otherwise.',
].join('\n')

/** Upstream's flags that all components have. */
export function componentFlags({ lease, port }: ComponentDefaults): Readonly<Record<string, Flag>> {
  return {
    kubeconfig: { value: 'FILE', help: 'says where the API server is, and who this is; needed' },
    'bind-address': {
      value: 'IP',
      help: 'address of the secure port; 0.0.0.0 and :: are all',
      fallback: '127.0.0.1',
    },
    'secure-port': { value: 'PORT', help: 'port to serve on; 0: none', fallback: String(port) },
    'tls-cert-file': {
      value: 'FILE',
      help: 'certificate to serve with; without it, one is made that nobody knows',
    },
    'tls-private-key-file': { value: 'FILE', help: 'key of that certificate' },
    'leader-elect': {
      boolean: true,
      help: 'work only while holding the lease, so that there may be several',
      fallback: 'true',
    },
    'leader-elect-lease-duration': {
      value: 'DURATION',
      help: 'a leader that was silent for so long is replaced; whole seconds',
      fallback: '15s',
    },
    'leader-elect-renew-deadline': {
      value: 'DURATION',
      help: 'a leader that cannot renew for so long stops',
      fallback: '10s',
    },
    'leader-elect-retry-period': {
      value: 'DURATION',
      help: 'between two attempts to get or renew the lease',
      fallback: '2s',
    },
    'leader-elect-resource-name': { value: 'NAME', help: 'of the lease', fallback: lease },
    'leader-elect-resource-namespace': {
      value: 'NAME',
      help: 'of the lease',
      fallback: 'kube-system',
    },
    'log-level': {
      value: 'LEVEL',
      help: 'debug, info, warn, error or silent; JSON lines on standard error',
      fallback: 'warn',
    },
  }
}
