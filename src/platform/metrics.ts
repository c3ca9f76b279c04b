import type { Counter, Gauge, Histogram } from 'prom-client'

/** Prometheus metrics, all named `gatehouse_…`. Labels are bounded sets: never ids, paths or names people choose. */
export interface Metrics {
  counter<Label extends string>(name: string, help: string, labels?: readonly Label[]): Counter<Label>
  gauge<Label extends string>(name: string, help: string, labels?: readonly Label[]): Gauge<Label>
  histogram<Label extends string>(
    name: string,
    help: string,
    buckets: readonly number[],
    labels?: readonly Label[],
  ): Histogram<Label>
  /** Prometheus text exposition. */
  text(): Promise<string>
}
