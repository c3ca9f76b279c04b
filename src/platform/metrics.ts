import { createRequire } from 'node:module'
import type * as prom from 'prom-client'
import type { Counter, Gauge, Histogram } from 'prom-client'

/**
 * Prometheus metrics. Names are written in full, `gatehouse_…`, so that they can be searched for. Labels are bounded
 * sets: never ids, paths or names visitors choose.
 *
 * @throws TypeError for a name without the prefix, or one that is taken
 */
export interface Metrics {
  counter<Label extends string>(name: string, help: string, labels?: readonly Label[]): Counter<Label>
  gauge<Label extends string>(name: string, help: string, labels?: readonly Label[]): Gauge<Label>
  histogram<Label extends string>(
    name: string,
    help: string,
    buckets: readonly number[],
    labels?: readonly Label[],
  ): Histogram<Label>
  /** A histogram that somebody else keeps, read when it is scraped. */
  distribution(name: string, help: string, read: () => readonly Distribution[]): void
  /**
   * Prometheus text exposition. Includes the process's own metrics under their usual names (`process_…`, `nodejs_…`),
   * measured from the first call on: where nobody scrapes, they cost nothing.
   */
  text(): Promise<string>
}

/** How values lie, with the labels they have in common. */
export interface Distribution {
  readonly labels: Readonly<Record<string, string>>
  /** How many values are at most `upTo`, in rising order; each counts those before it too. */
  readonly buckets: readonly { readonly upTo: number; readonly count: number }[]
  readonly sum: number
  readonly count: number
}

/**
 * Loaded file by file: the package's index also loads clustering and a push client, which take 8.5 MB and 25 ms that a
 * server of 120 MB has better use for (0.1 MB and 2 ms this way).
 */
const load = createRequire(import.meta.url)

export function createMetrics(): Metrics {
  const CounterOf = load('prom-client/lib/counter.js') as typeof prom.Counter
  const GaugeOf = load('prom-client/lib/gauge.js') as typeof prom.Gauge
  const HistogramOf = load('prom-client/lib/histogram.js') as typeof prom.Histogram
  const RegistryOf = load('prom-client/lib/registry.js') as typeof prom.Registry
  const registry = new RegistryOf()
  let processMetrics = false

  const describe = <Label extends string>(name: string, help: string, labels: readonly Label[] = []) => {
    if (!/^gatehouse_[a-z][a-z0-9_]*$/.test(name)) throw new TypeError(`metric ${name} must be named gatehouse_…`)
    if (registry.getSingleMetric(name) !== undefined) throw new TypeError(`metric ${name} is there already`)
    return { name, help, labelNames: [...labels], registers: [registry] }
  }

  return {
    counter: (name, help, labels) => new CounterOf(describe(name, help, labels)),
    gauge: (name, help, labels) => new GaugeOf(describe(name, help, labels)),
    histogram: (name, help, buckets, labels) =>
      new HistogramOf({ ...describe(name, help, labels), buckets: [...buckets] }),
    distribution: (name, help, read) => {
      const { registers: _, ...described } = describe(name, help)
      const get = async () => ({
        ...described,
        type: 'histogram',
        aggregator: 'sum',
        values: read().flatMap((each) => linesOf(name, each)),
      })
      registry.registerMetric({ ...described, get } as unknown as prom.Metric)
    },
    text: () => {
      if (!processMetrics) {
        processMetrics = true
        const collect = load('prom-client/lib/defaultMetrics.js') as typeof prom.collectDefaultMetrics
        collect({ register: registry })
      }
      return registry.metrics()
    },
  }
}

function linesOf(name: string, { labels, buckets, sum, count }: Distribution) {
  const upTo = buckets.map((bucket) => ({ labels: { ...labels, le: bucket.upTo }, value: bucket.count }))
  return [
    ...[...upTo, { labels: { ...labels, le: '+Inf' }, value: count }].map((line) => ({
      ...line,
      metricName: `${name}_bucket`,
    })),
    { labels, value: sum, metricName: `${name}_sum` },
    { labels, value: count, metricName: `${name}_count` },
  ]
}
