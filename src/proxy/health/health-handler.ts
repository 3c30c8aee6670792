import { formatTime, type Clock } from '#base'
import type { ProxyMetrics } from '../metrics.ts'
import type { Answer, Handler } from './listen.ts'
import type { ProxyHealth } from './proxy-health.ts'

const plain = 'text/plain; charset=utf-8'

/**
 * /healthz tells load balancers whether to send packets to this node, /livez whether the proxy
 * works at all.
 */
// Differs from Kubernetes: /metrics and /proxyMode are served here, too, and not at a port of their own.
export function healthHandler(clock: Clock, health: ProxyHealth, metrics: ProxyMetrics): Handler {
  const answer = (what: 'healthz' | 'livez'): Answer => {
    const eligible = what === 'livez' || health.nodeEligible
    const code = health.healthy && eligible ? 200 : 503
    metrics.answered(what, code)
    const now = formatTime(clock.now())
    const body = {
      lastUpdated: code === 200 ? now : formatTime(health.lastUpdatedMs),
      currentTime: now,
      ...(what === 'healthz' ? { nodeEligible: health.nodeEligible } : {}),
    }
    return { code, type: 'application/json', text: JSON.stringify(body) }
  }
  return (path) => {
    switch (path) {
      case '/healthz':
        return answer('healthz')
      case '/livez':
        return answer('livez')
      case '/metrics':
        return { code: 200, type: 'text/plain; version=0.0.4; charset=utf-8', text: metrics.text() }
      case '/proxyMode':
        return { code: 200, type: plain, text: 'nftables' }
      default:
        return { code: 404, type: plain, text: '404 page not found\n' }
    }
  }
}
