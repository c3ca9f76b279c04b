import type { Threads } from '#platform'
import type { GatewayRoute } from '../routing/table.ts'
import type { TrafficView } from './contract.ts'
import { Latencies, type LatenciesTold } from './latencies.ts'
import type { Traffic } from './traffic.ts'

const spans = [10, 60, 290] as const

/** What one thread has seen of a route, to be added up with what the others have. */
interface Told {
  readonly since: number
  readonly lately: readonly { readonly passed: number; readonly refused: number }[]
  readonly answers: readonly { readonly ending: string; readonly count: number }[]
  readonly latencies: LatenciesTold
  readonly refusals: readonly { readonly reason: string; readonly count: number }[]
}

type Asked = Pick<GatewayRoute, 'id' | 'name'>
const question = 'gateway.traffic'

/** Tells what this node has seen of a route, all its threads together. */
export function trafficViews(
  traffic: Traffic,
  { threads, clock }: { readonly threads: Threads; readonly clock: { readonly monotonic: () => number } },
): (route: Asked) => Promise<TrafficView> {
  const toldHere = (route: Asked): Told => toldOf(traffic, route, clock.monotonic())
  threads.answer(question, (route) => toldHere(route as Asked))
  return async ({ id, name }) => {
    const asked = { id, name }
    return viewOf(name, [toldHere(asked), ...((await threads.ask(question, asked)) as readonly Told[])])
  }
}

function toldOf(traffic: Traffic, route: Asked, now: number): Told {
  const figures = traffic.of(route)
  return {
    since: traffic.since,
    lately: spans.map((seconds) => figures.inLast(seconds, now)),
    answers: figures.answers(),
    latencies: figures.latencies.told,
    refusals: figures.refusals(),
  }
}

function viewOf(route: string, threads: readonly Told[]): TrafficView {
  const latencies = new Latencies(addedUp(threads.map(({ latencies: told }) => told)))
  const within = (share: number): number => Math.round((latencies.within(share) ?? 0) * 100) / 100
  const lately = spans.map((seconds, place) => ({
    seconds,
    passed: sum(threads.map((told) => told.lately[place]?.passed ?? 0)),
    refused: sum(threads.map((told) => told.lately[place]?.refused ?? 0)),
  }))
  const refusals = countsBy(
    threads.flatMap((told) => told.refusals.map(({ reason, count }) => [reason, count] as const)),
  )
  return {
    route,
    since: new Date(Math.min(...threads.map(({ since }) => since))).toISOString(),
    lately,
    answers: countsBy(
      threads.flatMap(({ answers }) => answers.map(({ ending, count }) => [ending, count] as const)),
    ).map(([ending, count]) => ({ ending, count })),
    milliseconds: latencies.count === 0 ? null : { half: within(0.5), most: within(0.95), nearlyAll: within(0.99) },
    refusals: refusals
      .map(([reason, count]) => ({ reason, count }))
      .toSorted((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1)),
  }
}

function addedUp(all: readonly LatenciesTold[]): LatenciesTold {
  const counts = new Uint32Array(all[0]?.counts.length ?? 0)
  for (const told of all) for (const [step, count] of told.counts.entries()) counts[step] = (counts[step] ?? 0) + count
  return { counts, sum: sum(all.map((told) => told.sum)) }
}

/** In the order names first come. */
function countsBy(pairs: readonly (readonly [name: string, count: number])[]): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>()
  for (const [name, count] of pairs) counts.set(name, (counts.get(name) ?? 0) + count)
  return [...counts]
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}
