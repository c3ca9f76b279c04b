import type { GatewayRoute } from '../routing/table.ts'
import type { TrafficView } from './contract.ts'
import type { Traffic } from './traffic.ts'

const spans = [10, 60, 290] as const

/** What this node has seen of a route. @param now by the monotonic clock */
export function trafficOf(traffic: Traffic, route: Pick<GatewayRoute, 'id' | 'name'>, now: number): TrafficView {
  const figures = traffic.of(route)
  const within = (share: number): number => Math.round((figures.latencies.within(share) ?? 0) * 100) / 100
  return {
    route: route.name,
    since: new Date(traffic.since).toISOString(),
    lately: spans.map((seconds) => ({ seconds, ...figures.inLast(seconds, now) })),
    answers: [...figures.answers()],
    milliseconds:
      figures.latencies.count === 0 ? null : { half: within(0.5), most: within(0.95), nearlyAll: within(0.99) },
    refusals: [...figures.refusals()],
  }
}
