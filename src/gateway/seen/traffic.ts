import type { Actor, Decision } from '#kit'
import { type Clock, jsonText, type Kernel, pathOnly, type ServedRequest } from '#platform'
import { type GatewayCode, gatewayErrors } from '../errors.ts'
import type { GatewayRoute } from '../routing/table.ts'
import { RouteFigures } from './route-figures.ts'

/** What a line of the access log is about. */
export interface Seen {
  readonly request: ServedRequest
  readonly route: GatewayRoute
  readonly address: string | undefined
  readonly actor: Actor | undefined
  readonly decision: Decision | undefined
}

/** See `RouteFigures.passed`. */
export type Observer = (status: number, cut: boolean) => void

/** Routes told apart in metrics: the busiest. A scrape of ten thousand routes would be of no use to anybody. */
const mostTold = 200

/** Counts what passed and what was refused, for each route, and when asked for writes a line per request. */
export class Traffic {
  readonly #kernel: Kernel
  readonly #clock: Clock
  readonly #refused: (code: string) => void
  readonly #letThrough: (code: string) => void
  readonly #byRoute = new Map<string, RouteFigures>()
  /** When this node began to count. */
  readonly since: number

  constructor(kernel: Kernel) {
    this.#kernel = kernel
    this.#clock = kernel.clock
    this.since = kernel.clock.now()
    const { metrics } = kernel
    const refused = metrics.counter(
      'gatehouse_gateway_refusals_total',
      'Requests that Gatehouse answered with an error of its own, by code.',
      ['code'],
    )
    this.#refused = (code) => refused.inc({ code })
    const shadowed = 'Requests passed on that the rule of a route in shadow mode would have refused, by code.'
    const letThrough = metrics.counter('gatehouse_gateway_let_through_total', shadowed, ['code'])
    this.#letThrough = (code) => letThrough.inc({ code })
    this.#tellByRoute()
  }

  /** @param said the reason a person was given, where the code alone says too little */
  refused(code: GatewayCode, route?: GatewayRoute, said?: string): void {
    this.#refused(code)
    if (route !== undefined) this.of(route).refused(said ?? gatewayErrors[code].title, this.#clock.monotonic())
  }

  /** @param code a decision's: bounded, they stand in the program or in rooms' policies */
  letThrough(code: string): void {
    this.#letThrough(code)
  }

  /** What to call when the request has ended. */
  observer(seen: Seen): Observer {
    const clock = this.#clock
    const begun = clock.monotonic()
    const figures = this.of(seen.route)
    const isWritten = this.#kernel.config.log.access
    return (status, cut) => {
      const ended = clock.monotonic()
      figures.passed(status, cut, begun, ended)
      if (isWritten) this.#write(seen, status, cut, ended - begun)
    }
  }

  /** The figures of one route on this node. */
  of({ id, name }: Pick<GatewayRoute, 'id' | 'name'>): RouteFigures {
    const known = this.#byRoute.get(id)
    if (known !== undefined) return known
    const made = new RouteFigures(name, this.#clock.monotonic())
    this.#byRoute.set(id, made)
    return made
  }

  /** The route is gone, and with it what was seen of it. */
  forget(id: string): void {
    this.#byRoute.delete(id)
  }

  #write(seen: Seen, status: number, cut: boolean, ms: number): void {
    const { request, route, address, actor, decision } = seen
    const about = `"route":${jsonText(route.name)},"method":${jsonText(request.method ?? '')},"path":${jsonText(pathOnly(request.url ?? ''))}`
    const end = `,"status":${status},"ms":${Math.round(ms * 100) / 100}`
    const who = actor === undefined ? '' : `,"principal":${jsonText(actor.principal.id)}`
    const where = address === undefined ? '' : `,"address":${jsonText(address)}`
    const why = decision === undefined ? '' : decided(decision)
    this.#kernel.log.plain(about + end + who + where + why + (cut ? ',"cut":true' : ''), 'passed')
  }

  #tellByRoute(): void {
    const { metrics } = this.#kernel
    const told = 'the busiest two hundred routes'
    const answered = metrics.counter(
      'gatehouse_gateway_answers_total',
      `Requests passed on, by class of the answer, of ${told}.`,
      ['route', 'answer'],
    )
    Object.assign(answered, {
      collect: () => {
        answered.reset()
        for (const figures of this.#busiest()) {
          for (const { ending, count } of figures.answers()) {
            if (count > 0) answered.inc({ route: figures.name, answer: ending }, count)
          }
        }
      },
    })
    metrics.distribution('gatehouse_gateway_answer_seconds', `Until an answer had ended, of ${told}.`, () =>
      this.#busiest().map(({ name, latencies }) => ({
        labels: { route: name },
        buckets: latencies.byDoubling().map(({ upToMs, count }) => ({ upTo: upToMs / 1000, count })),
        sum: latencies.sum / 1000,
        count: latencies.count,
      })),
    )
  }

  #busiest(): readonly RouteFigures[] {
    return [...this.#byRoute.values()].toSorted((a, b) => b.total - a.total).slice(0, mostTold)
  }
}

function decided({ code, policies }: Decision): string {
  return `,"decision":${jsonText(code)},"policies":${jsonText(policies.join(' '))}`
}
