import type { Dispatcher } from 'undici'

/**
 * An answer made here, told to whoever waits as undici would tell it: a beginning, pieces, then an end or an error,
 * exactly one of them and nothing after it.
 */
export class LocalAnswer implements Dispatcher.DispatchController {
  readonly #handler: Dispatcher.DispatchHandler
  readonly #isHead: boolean
  #reason: Error | null = null
  #aborted = false
  #over = false
  #paused = false
  #resumed: (() => void) | undefined

  /** @param isHead whether the request is HEAD: then no piece is passed on */
  constructor(handler: Dispatcher.DispatchHandler, isHead: boolean) {
    this.#handler = handler
    this.#isHead = isHead
  }

  get aborted(): boolean {
    return this.#aborted
  }

  get paused(): boolean {
    return this.#paused
  }

  get reason(): Error | null {
    return this.#reason
  }

  /** Begins the work; what it throws is the answer's error. */
  run(work: () => Promise<void>): void {
    // not at once: undici never calls back before its dispatch has returned either
    queueMicrotask(() => {
      this.#handler.onRequestStart?.(this, undefined)
      if (this.#over) return
      work().catch((error: unknown) => {
        this.#fail(error instanceof Error ? error : new Error('the answer could not be made'))
      })
    })
  }

  /** Fails before it begins: whoever waits may take it that nobody saw the request. */
  refuse(fault: Error): void {
    queueMicrotask(() => this.#fail(fault))
  }

  begin(status: number, headers: Record<string, string>): void {
    if (!this.#over) this.#handler.onResponseStart?.(this, status, headers)
  }

  data(piece: Buffer): void {
    if (!this.#over && !this.#isHead) this.#handler.onResponseData?.(this, piece)
  }

  end(): void {
    if (this.#over) return
    this.#over = true
    this.#handler.onResponseEnd?.(this, {})
  }

  /** A whole short answer; an empty text has no media type. */
  text(status: number, text: string, headers: Record<string, string>): void {
    const body = Buffer.from(text)
    const type = text === '' ? {} : { 'content-type': 'text/plain; charset=utf-8' }
    this.begin(status, { ...headers, ...type, ...(status === 304 ? {} : { 'content-length': String(body.length) }) })
    if (body.length > 0) this.data(body)
    this.end()
  }

  /** Resolves when more may be sent. */
  async room(): Promise<void> {
    while (this.#paused && !this.#over) {
      await new Promise<void>((resolve) => {
        this.#resumed = resolve
      })
    }
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#resumed?.()
  }

  abort(reason: Error): void {
    if (this.#over) return
    this.#aborted = true
    this.#reason = reason
    this.#fail(reason)
  }

  #fail(error: Error): void {
    if (this.#over) return
    this.#over = true
    this.#resumed?.()
    this.#handler.onResponseError?.(this, error)
  }
}
