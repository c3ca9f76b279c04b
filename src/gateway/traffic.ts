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

const classes = ['gone', '1xx', '2xx', '3xx', '4xx', '5xx'] as const

/** Counts what passed and what was refused and, when asked for, writes a line per request. */
export class Traffic {
  readonly #kernel: Kernel
  readonly #count: (answer: string) => void
  readonly #refused: (code: string) => void
  readonly #countOnly: Observer

  constructor(kernel: Kernel) {
    this.#kernel = kernel
    const answered = kernel.metrics.counter('gatehouse_gateway_answers_total', 'Requests passed on, by answer.', [
      'answer',
    ])
    const refused = kernel.metrics.counter('gatehouse_gateway_refusals_total', 'Requests not passed on, by code.', [
      'code',
    ])
    // label lookups hash; the few children there are live as long as the process
    const children = new Map([...classes, 'cut'].map((answer) => [answer, answered.labels({ answer })]))
    this.#count = (answer) => children.get(answer)?.inc()
    this.#refused = (code) => refused.inc({ code })
    this.#countOnly = (status, cut) => this.#count(classOf(status, cut))
  }

  refused(code: GatewayCode): void {
    this.#refused(code)
  }

  /** What to call when the request has ended. The same function for all while no access log is written. */
  observer(seen: Seen, actor: Actor | undefined): Observer {
    const { clock, config, log } = this.#kernel
    if (!config.log.access) return this.#countOnly
    const begun = clock.monotonic()
    return (status, cut) => {
      this.#countOnly(status, cut)
      log.info(
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

function classOf(status: number, cut: boolean): string {
  return cut ? 'cut' : (classes[Math.floor(status / 100)] ?? 'gone')
}
