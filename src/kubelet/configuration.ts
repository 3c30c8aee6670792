import type { KubeletOptions } from './kubelet.ts'
import { usualRotation } from './logs/log-rotation.ts'
import { limits } from './server/limits.ts'

/** The fields of upstream's KubeletConfiguration that this kubelet has, as /configz shows them. */
export function kubeletConfiguration(options: KubeletOptions, podsMax: number): object {
  const { server, clusterDns = [], clusterDomain = 'cluster.local', leaseSeconds = 40 } = options
  const rotation = options.logRotation ?? usualRotation
  return {
    enableServer: server !== undefined,
    ...(server === undefined ? {} : { address: server.host, port: server.port }),
    authentication: {
      x509: {},
      webhook: { enabled: true, cacheTTL: duration(limits.tokenMs) },
      anonymous: { enabled: false },
    },
    authorization: {
      mode: 'Webhook',
      webhook: {
        cacheAuthorizedTTL: duration(limits.allowedMs),
        cacheUnauthorizedTTL: duration(limits.deniedMs),
      },
    },
    clusterDomain,
    clusterDNS: clusterDns,
    nodeLeaseDurationSeconds: leaseSeconds,
    cgroupRoot: options.cgroupRoot === '' ? '/' : options.cgroupRoot,
    cgroupsPerQOS: true,
    cgroupDriver: 'cgroupfs',
    maxPods: podsMax,
    podLogsDir: options.logDirectory ?? `${options.rootDirectory}/logs/pods`,
    containerLogMaxSize: String(rotation.bytesMax),
    containerLogMaxFiles: rotation.filesMax,
  }
}

/** As Go prints durations of whole seconds. */
function duration(ms: number): string {
  const minutes = Math.floor(ms / 60_000)
  const seconds = (ms % 60_000) / 1000
  return minutes === 0 ? `${seconds}s` : `${minutes}m${seconds}s`
}
