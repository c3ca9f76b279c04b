import type { Log } from '../log.ts'

/** Whether an address may reach Gatehouse's own hosts. Rooms are asked, so an answer may take a moment. */
export class OwnHosts {
  readonly #log: Log
  #isInside: ((address: string) => boolean | Promise<boolean>) | undefined

  constructor(log: Log) {
    this.#log = log
  }

  reachedFrom(isInside: (address: string) => boolean | Promise<boolean>): void {
    this.#isInside = isInside
  }

  /**
   * Never throws or rejects: what cannot be answered is a no.
   *
   * @param address `undefined` where it cannot be told: inside no network
   */
  mayReach(address: string | undefined): boolean | Promise<boolean> {
    if (this.#isInside === undefined) return true
    if (address === undefined) return false
    try {
      const answer = this.#isInside(address)
      return answer instanceof Promise ? answer.catch((error: unknown) => this.#unknown(error)) : answer
    } catch (error) {
      return this.#unknown(error)
    }
  }

  #unknown(error: unknown): false {
    this.#log.error({ error }, 'whether an address may reach the console is unknown; it may not')
    return false
  }
}

/** Goes on with an answer at once where it is there. */
export function withAnswer<T>(answer: T | Promise<T>, next: (answer: T) => void): void {
  if (answer instanceof Promise) void answer.then(next)
  else next(answer)
}
