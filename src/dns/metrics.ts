import { rcodeName, typeName } from './wire/codes.ts'

/** What is counted, under CoreDNS's names. Labels are of fixed sets: no client can add one. */
export class Metrics {
  readonly #server: string
  readonly #counters = new Map<string, Map<string, number>>()

  constructor(port: number) {
    this.#server = `dns://:${port}`
  }

  request(proto: 'udp' | 'tcp', family: 4 | 6, type: number): void {
    const labels = {
      server: this.#server,
      zone: '.',
      view: '',
      proto,
      family,
      type: typeName(type),
    }
    this.#add('coredns_dns_requests_total', labels)
  }

  response(rcode: number): void {
    const labels = { server: this.#server, zone: '.', view: '', rcode: rcodeName(rcode) }
    this.#add('coredns_dns_responses_total', labels)
  }

  cacheHit(type: 'success' | 'denial'): void {
    this.#add('coredns_cache_hits_total', { server: this.#server, type, zones: '.', view: '' })
  }

  cacheMiss(): void {
    this.#add('coredns_cache_misses_total', { server: this.#server, zones: '.', view: '' })
  }

  forwardRejected(): void {
    this.#add('coredns_forward_max_concurrent_rejects_total', {})
  }

  /** The exposition format of Prometheus. */
  text(): string {
    const lines: string[] = []
    for (const [name, help] of Object.entries(helps)) {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} counter`)
      for (const [labels, value] of this.#counters.get(name) ?? []) {
        lines.push(`${name}${labels} ${value}`)
      }
    }
    return `${lines.join('\n')}\n`
  }

  #add(name: keyof typeof helps, labels: Readonly<Record<string, string | number>>): void {
    let counter = this.#counters.get(name)
    if (counter === undefined) this.#counters.set(name, (counter = new Map()))
    const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
    const text = pairs.length === 0 ? '' : `{${pairs.join(',')}}`
    counter.set(text, (counter.get(text) ?? 0) + 1)
  }
}

const helps = {
  coredns_dns_requests_total: 'Questions by transport, family and type.',
  coredns_dns_responses_total: 'Answers by response code.',
  coredns_cache_hits_total: 'Questions for other resolvers that the cache answered.',
  coredns_cache_misses_total: 'Questions for other resolvers that the cache did not answer.',
  coredns_forward_max_concurrent_rejects_total: 'Questions refused by the limit of those waiting.',
} as const
