import { createRequire } from 'node:module'
import type * as prom from 'prom-client'
import type { Counter, Gauge, Histogram } from 'prom-client'
import { noOtherThreads, type Threads } from './threads/threads.ts'

/**
 * Prometheus metrics. Names are written in full, `gatehouse_…`, so that they can be searched for. Labels are bounded
 * sets: never ids, paths or names visitors choose.
 *
 * @throws TypeError for a name without the prefix, or one that is taken
 */
export interface Metrics {
  counter<Label extends string>(name: string, help: string, labels?: readonly Label[]): Counter<Label>
  /** @param across what several threads' values give together; `most` for what is the same for all of them */
  gauge<Label extends string>(
    name: string,
    help: string,
    labels?: readonly Label[],
    across?: 'sum' | 'most',
  ): Gauge<Label>
  histogram<Label extends string>(
    name: string,
    help: string,
    buckets: readonly number[],
    labels?: readonly Label[],
  ): Histogram<Label>
  /** A histogram that somebody else keeps, read when it is scraped. */
  distribution(name: string, help: string, read: () => readonly Distribution[]): void
  /**
   * Prometheus text exposition, of all threads together. Includes the process's own metrics under their usual names (`process_…`, `nodejs_…`),
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

const question = 'platform.metrics'

/** @param threads whose metrics are told with this one's */
export function createMetrics(threads: Threads = noOtherThreads()): Metrics {
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

  const collectProcess = (): void => {
    if (processMetrics) return
    processMetrics = true
    const collect = load('prom-client/lib/defaultMetrics.js') as typeof prom.collectDefaultMetrics
    collect({ register: registry })
  }
  const asJson = (): Promise<Told[]> => {
    collectProcess()
    return registry.getMetricsAsJSON()
  }
  threads.answer(question, asJson)

  return {
    counter: (name, help, labels) => new CounterOf(describe(name, help, labels)),
    gauge: (name, help, labels, across = 'sum') =>
      new GaugeOf({ ...describe(name, help, labels), aggregator: across === 'most' ? 'max' : 'sum' }),
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
    text: async () => {
      if (threads.others === 0) {
        collectProcess()
        return registry.metrics()
      }
      const [own, others] = await Promise.all([asJson(), threads.ask(question)])
      return together([own, ...(others as Told[][])], new RegistryOf()).metrics()
    },
  }
}

type Told = prom.MetricObjectWithValues<prom.MetricValue<string>>

/** What is said of the process is the same in every thread: this one's stands. */
function together(threads: readonly (readonly Told[])[], registry: prom.Registry): prom.Registry {
  const { aggregators } = load('prom-client/lib/metricAggregators.js') as Aggregating
  for (const metrics of Map.groupBy(threads.flat(), ({ name }) => name).values()) {
    const [first] = metrics
    if (first === undefined) continue
    const isOfProcess = first.name.startsWith('process_') || first.aggregator === 'omit'
    const joined = aggregators[isOfProcess ? 'first' : first.aggregator](metrics)
    if (joined !== undefined) {
      registry.registerMetric({ ...joined, get: () => Promise.resolve(joined) } as unknown as prom.Metric)
    }
  }
  return registry
}

interface Aggregating {
  readonly aggregators: Readonly<Record<prom.Aggregator, (metrics: readonly Told[]) => Told | undefined>>
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
