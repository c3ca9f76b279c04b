import type { Actor } from '#kit'
import { type Kernel, pathOnly, type ServedRequest } from '#platform'
import type { GatewayCode } from './errors.ts'
import type { LiveRoute } from './routing/live-routes.ts'

interface Seen {
  readonly request: ServedRequest
  readonly live: LiveRoute
  readonly address: string | undefined
}

type Observer = (status: number, cut: boolean) => void

const classes = ['gone', '1xx', '2xx', '3xx', '4xx', '5xx', 'cut'] as const
const cutClass = classes.indexOf('cut')

/** Counts what passed and what was refused and, when asked for, writes a line per request. */
export class Traffic {
  readonly #kernel: Kernel
  readonly #refused: (code: string) => void
  readonly #letThrough: (code: string) => void
  /** By class, since the last scrape: a label look-up per request would cost more than the decision. */
  readonly #answers = new Uint32Array(classes.length)
  readonly #count: Observer = (status, cut) => {
    const place = cut ? cutClass : Math.min(Math.floor(status / 100), cutClass - 1)
    this.#answers[place] = (this.#answers[place] ?? 0) + 1
  }

  constructor(kernel: Kernel) {
    this.#kernel = kernel
    const { metrics } = kernel
    const refused = metrics.counter('gatehouse_gateway_refusals_total', 'Requests not passed on, by code.', ['code'])
    this.#refused = (code) => refused.inc({ code })
    const shadowed = 'Requests passed on that the rule of a route in shadow mode would have refused, by code.'
    const letThrough = metrics.counter('gatehouse_gateway_let_through_total', shadowed, ['code'])
    this.#letThrough = (code) => letThrough.inc({ code })
    const answers = 'Requests passed on, by class of the answer.'
    const answered = metrics.counter('gatehouse_gateway_answers_total', answers, ['answer'])
    Object.assign(answered, {
      collect: () => {
        for (const [place, answer] of classes.entries()) {
          answered.inc({ answer }, this.#answers[place] ?? 0)
          this.#answers[place] = 0
        }
      },
    })
  }

  refused(code: GatewayCode): void {
    this.#refused(code)
  }

  /** @param code a decision's: bounded, they stand in the program or in rooms' policies */
  letThrough(code: string): void {
    this.#letThrough(code)
  }

  /** What to call when the request has ended. The same function for all while no access log is written. */
  observer(seen: Seen, actor: Actor | undefined): Observer {
    const { clock, config, log } = this.#kernel
    if (!config.log.access) return this.#count
    const begun = clock.monotonic()
    return (status, cut) => {
      this.#count(status, cut)
      log.plain(
        {
          route: seen.live.route.name,
          method: seen.request.method,
          path: pathOnly(seen.request.url ?? ''),
          status,
          ms: Math.round((clock.monotonic() - begun) * 100) / 100,
          principal: actor?.principal.id,
          address: seen.address,
          ...(cut ? { cut } : {}),
        },
        'passed',
      )
    }
  }
}
