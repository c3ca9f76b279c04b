import type { Clock } from '#platform'
import { faultCode } from '../proxy/upstream-fault.ts'
import type { HealthCheck } from '../settings/balance-settings.ts'
import type { Opened } from './destination.ts'
import type { Health } from './health.ts'

/** What a health check found last. */
export interface Checked {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly passed: boolean
  readonly status?: number
  /** Why there was no answer, as a code. */
  readonly code?: string
  readonly ms: number
}

/** Runs `work` after a while; answers what calls it off. */
export type Schedule = (ms: number, work: () => void) => () => void

/** Never keeps the process alive: nobody waits for a health check. */
export const byTimer: Schedule = (ms, work) => {
  const timer = setTimeout(work, ms).unref()
  return () => clearTimeout(timer)
}

export interface ProberOptions {
  /** A destination of its own: on the busy connections of the app's visitors a question would wait and prove nothing. */
  readonly opened: Opened
  /** The public host, as visitors name it. */
  readonly host: string
  readonly check: HealthCheck
  readonly health: Health
  readonly clock: Clock
  readonly schedule: Schedule
  /** Told of every finding that turned the verdict. */
  readonly turned: (checked: Checked) => void
}

/**
 * Asks one upstream regularly whether it is well, each time over a new connection, the next time so long after the answer
 * as the check says. Begins at once and ends with `stop`.
 */
export class Prober {
  readonly #options: ProberOptions
  readonly #wanted: readonly string[]
  #last: Checked | undefined
  #stopped = false
  #callOff: () => void = () => undefined
  #abort: () => void = () => undefined

  constructor(options: ProberOptions) {
    this.#options = options
    this.#wanted = options.check.expect
    this.#ask()
  }

  get last(): Checked | undefined {
    return this.#last
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#callOff()
    this.#abort()
    await this.#options.opened.destination.destroy()
  }

  #ask(): void {
    const { opened, host, check, clock, schedule } = this.#options
    const begun = clock.monotonic()
    let controller: { abort(reason: Error): void } | undefined
    let over = false
    const tell = (found: Pick<Checked, 'passed' | 'status' | 'code'>): void => {
      if (over) return
      over = true
      endWait()
      // the head was enough
      controller?.abort(new Error('the health check is over'))
      this.#tell({ ...found, at: clock.now(), ms: Math.round((clock.monotonic() - begun) * 10) / 10 })
    }
    const endWait = schedule(check.timeoutMs, () => tell({ passed: false, code: 'gateway.upstream-timeout' }))
    this.#abort = () => {
      over = true
      endWait()
      controller?.abort(new Error('the route ended'))
    }
    opened.destination.dispatch(
      {
        method: 'GET',
        path: check.path,
        headers: ['host', host, 'user-agent', 'Gatehouse health check', 'accept', '*/*'],
        servername: opened.servername,
        reset: true,
      },
      {
        onRequestStart: (begins) => {
          controller = begins
          if (over) begins.abort(new Error('the health check is over'))
        },
        onResponseStart: (_, status) => {
          if (status >= 200) tell({ passed: this.#expects(status), status })
        },
        onResponseData: () => undefined,
        onResponseEnd: () => undefined,
        onResponseError: (_, error) => tell({ passed: false, code: faultCode(error) }),
      },
    )
  }

  #expects(status: number): boolean {
    const text = String(status)
    return this.#wanted.includes(text) || this.#wanted.includes(`${text.charAt(0)}xx`)
  }

  #tell(checked: Checked): void {
    if (this.#stopped) return
    const { health, clock, check, schedule, turned } = this.#options
    const isFirst = this.#last === undefined
    this.#last = checked
    if (health.checked(clock.monotonic(), checked.passed, isFirst)) turned(checked)
    this.#callOff = schedule(check.everyMs, () => this.#ask())
  }
}
