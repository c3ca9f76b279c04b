import type { GatewayCode } from '../errors.ts'

/** What is held against an upstream now. */
export type HealthState =
  /** Nothing, or not enough to matter. */
  | 'up'
  /** It failed and rests; others get its requests. */
  | 'ejected'
  /** Its rest is over, and one request finds out how it is. */
  | 'trying'
  /** Its health check fails. */
  | 'down'

const notResting = Number.NEGATIVE_INFINITY
/** The first rest in milliseconds; every further one is twice as long. */
const shortestRestMs = 1_000
const longestRestMs = 60_000
/** One refused connection says that nobody listens; a broken answer may be the request's doing, three in a row are not. */
const brokenAnswers = 3
/** Health checks in a row until the verdict turns: one alone may have met a moment. */
const checksToTurn = 2

/** Faults of which nothing reached the app: whoever asks next would meet the same. */
const connectFaults: ReadonlySet<GatewayCode> = new Set<GatewayCode>([
  'gateway.upstream-unreachable',
  'gateway.upstream-connect-timeout',
  'gateway.upstream-certificate',
  'gateway.upstream-not-allowed',
])
/** Faults of an app that answers, but not with an answer. */
const answerFaults: ReadonlySet<GatewayCode> = new Set<GatewayCode>([
  'gateway.upstream-closed',
  'gateway.upstream-garbage',
  'gateway.upstream-headers-too-large',
  'gateway.upstream-timeout',
])

/**
 * What is known of one upstream from the requests it got (passive) and from its health check (active). All times are
 * monotonic milliseconds: a clock that jumps ejects nobody and admits nobody.
 *
 * Whoever sends a request remembers the `era` it began in and says afterwards how it went: what began before the latest
 * ejection says nothing about the time after it, so a hundred requests that die together count once.
 */
export class Health {
  /** Counts ejections. */
  era = 0
  #failures = 0
  /** Answers in a row that began and broke off. */
  #brokenOff = 0
  /** The length of its latest rest; 0: there was none, or so long ago that the next one is short again. */
  #restMs = 0
  #restUntil = notResting
  #trying = false
  #calmFrom = Number.NEGATIVE_INFINITY
  #down = false
  #checks = 0
  #lastFault: GatewayCode | undefined

  /** Nothing at all is held against it: the only question on the way of a request. */
  get sound(): boolean {
    return this.#failures === 0 && this.#brokenOff === 0 && this.#restMs === 0 && !this.#down
  }

  /**
   * Whether a request may go there. One that may not be repeated is no trial: who sends something that counts does not
   * want to be the one who finds out.
   */
  isReady(now: number, mayTry: boolean): boolean {
    if (this.#down) return false
    if (!this.#resting) return true
    return mayTry && !this.#trying && now >= this.#restUntil
  }

  /** To be called when a request is sent. */
  begin(): void {
    if (this.#resting) this.#trying = true
  }

  /** It answered, whatever it said. */
  succeeded(now: number, era: number): void {
    if (era !== this.era) return
    this.#failures = 0
    if (this.#resting) this.#readmit(now)
    // whoever fails again soon after a rest rests longer
    if (now >= this.#calmFrom) this.#restMs = 0
  }

  /** @returns whether it is ejected by this */
  failed(now: number, era: number, code: GatewayCode): boolean {
    if (era !== this.era) return false
    const unreachable = connectFaults.has(code)
    if (!unreachable && !answerFaults.has(code)) {
      this.left(era)
      return false
    }
    this.#lastFault = code
    this.#failures += 1
    if (!this.#resting && !unreachable && this.#failures < brokenAnswers) return false
    this.#eject(now)
    return true
  }

  /** An answer that had begun ended as it should. */
  whole(era: number): void {
    if (era === this.era) this.#brokenOff = 0
  }

  /**
   * An answer that had begun was cut off. Apart from what is known by its head: one app may begin every answer and end none.
   *
   * @returns whether it is ejected by this
   */
  brokeOff(now: number, era: number, code: GatewayCode): boolean {
    if (era !== this.era) return false
    this.#lastFault = code
    this.#brokenOff += 1
    if (this.#brokenOff < brokenAnswers) return false
    this.#eject(now)
    return true
  }

  /** The request ended without telling anything: its client had gone. */
  left(era: number): void {
    if (era === this.era) this.#trying = false
  }

  /**
   * What a health check found. One that gets through proves that somebody listens, so it ends a rest for want of that.
   *
   * @returns whether the verdict turned
   */
  checked(now: number, passed: boolean, isFirst: boolean): boolean {
    const contradicts = passed === this.#down
    this.#checks = contradicts ? this.#checks + 1 : 0
    const turns = contradicts && (isFirst || this.#checks >= checksToTurn)
    if (turns) {
      this.#down = !passed
      this.#checks = 0
    }
    // whoever rests was ejected for its latest fault
    if (passed && this.#resting && this.#lastFault !== undefined && connectFaults.has(this.#lastFault)) {
      this.#readmit(now)
    }
    return turns
  }

  state(now: number): HealthState {
    if (this.#down) return 'down'
    if (!this.#resting) return 'up'
    return now >= this.#restUntil ? 'trying' : 'ejected'
  }

  /** How long it still rests, in milliseconds. */
  restsFor(now: number): number {
    return this.#resting ? Math.max(0, this.#restUntil - now) : 0
  }

  get lastFault(): GatewayCode | undefined {
    return this.#lastFault
  }

  /** The smaller, the less is held against it: who must choose among the bad takes the one whose rest ends first. */
  get badness(): number {
    return this.#down ? Number.MAX_VALUE : this.#restUntil
  }

  get #resting(): boolean {
    return this.#restUntil !== notResting
  }

  #eject(now: number): void {
    this.#restMs = Math.min(longestRestMs, this.#restMs === 0 ? shortestRestMs : this.#restMs * 2)
    this.#restUntil = now + this.#restMs
    this.#trying = false
    this.#failures = 0
    this.#brokenOff = 0
    this.era += 1
  }

  #readmit(now: number): void {
    this.#restUntil = notResting
    this.#trying = false
    this.#calmFrom = now + this.#restMs
  }
}
