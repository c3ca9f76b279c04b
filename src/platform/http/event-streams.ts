import type { Clock } from '../clock.ts'

/** One server-sent event (WHATWG HTML §9.2). */
export interface SentEvent {
  /** What a client that lost the connection names in `Last-Event-ID`. */
  readonly id?: string
  /** The type listeners wait for; `message` when absent. */
  readonly event?: string
  readonly data: string
}

export interface StreamOptions {
  /** Whose stream it is, for the bound per person. */
  readonly person: string
  /** Asked for one event at a time; its signal aborts when the stream has ended for whatever reason. */
  readonly events: (signal: AbortSignal) => AsyncIterable<SentEvent>
  /** Whether the one who reads may go on; asked about twice a second. A rejection counts as no. */
  readonly mayGoOn: () => Promise<boolean>
  /** Cuts the connection of a client that reads nothing. */
  readonly drop: () => void
  /** The client has gone. */
  readonly gone: AbortSignal
  readonly failed: (error: unknown) => void
}

export interface EventStreamsOptions {
  readonly clock: Clock
  /** The server stops: every stream ends. */
  readonly stopping: AbortSignal
  /** Open at once, of everybody and of one person. */
  readonly most?: number
  readonly mostOfOne?: number
  /** Milliseconds: between two questions whether a reader may go on, between signs of life, until a silent reader is cut. */
  readonly checkMs?: number
  readonly heartbeatMs?: number
  readonly stalledMs?: number
}

const defaults = { most: 500, mostOfOne: 20, checkMs: 400, heartbeatMs: 15_000, stalledMs: 30_000 } as const
/** What may wait for a reader before its source is asked for no more. */
const bufferBytes = 65_536
/** How soon a browser comes back when a stream ended. */
const retryMs = 3_000

/**
 * The event streams that are open: bounded in number and in what each holds in memory, asked again and again whether
 * they may go on, ended when the server stops. One timer for all, while there are any.
 */
export class EventStreams {
  readonly #options: Required<EventStreamsOptions>
  readonly #open = new Set<OpenStream>()
  readonly #byPerson = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined

  constructor(options: EventStreamsOptions) {
    this.#options = { ...defaults, ...options }
    options.stopping.addEventListener('abort', () => {
      for (const stream of this.#open) stream.end()
    })
  }

  get count(): number {
    return this.#open.size
  }

  /** The body of the answer; `undefined` when there are too many already. */
  start(options: StreamOptions): ReadableStream<Uint8Array> | undefined {
    const { most, mostOfOne, stopping } = this.#options
    const own = this.#byPerson.get(options.person) ?? 0
    if (this.#open.size >= most || own >= mostOfOne || stopping.aborted) return undefined
    const stream = new OpenStream(options, this.#options, () => this.#forget(stream, options.person))
    this.#byPerson.set(options.person, own + 1)
    this.#open.add(stream)
    this.#timer ??= setInterval(() => this.#look(), this.#options.checkMs).unref()
    options.gone.addEventListener('abort', () => stream.end(), { once: true })
    if (options.gone.aborted) stream.end()
    return stream.body
  }

  #look(): void {
    for (const stream of this.#open) stream.look()
  }

  #forget(stream: OpenStream, person: string): void {
    if (!this.#open.delete(stream)) return
    const left = (this.#byPerson.get(person) ?? 1) - 1
    if (left > 0) this.#byPerson.set(person, left)
    else this.#byPerson.delete(person)
    if (this.#open.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}

class OpenStream {
  readonly body: ReadableStream<Uint8Array>
  readonly #options: StreamOptions
  readonly #limits: Required<EventStreamsOptions>
  readonly #ended: () => void
  readonly #abort = new AbortController()
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined
  #full = false
  /** When it last took something, or had room for more. */
  #movedAt: number
  #asking = false
  #wake: (() => void) | undefined

  constructor(options: StreamOptions, limits: Required<EventStreamsOptions>, ended: () => void) {
    this.#options = options
    this.#limits = limits
    this.#ended = ended
    this.#movedAt = limits.clock.monotonic()
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
          // at once, so that the head leaves and a browser knows that it is connected
          controller.enqueue(bytesOf(`retry: ${retryMs}\n: open\n\n`))
        },
        pull: () => {
          this.#full = false
          this.#movedAt = limits.clock.monotonic()
          this.#wake?.()
        },
        cancel: () => this.end(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: bufferBytes }),
    )
    void this.#run()
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort
    try {
      for await (const event of this.#options.events(signal)) {
        if (signal.aborted) return
        this.#send(textOf(event))
        if (this.#full) await this.#room()
        if (signal.aborted) return
      }
      this.end()
    } catch (error) {
      if (signal.aborted) return
      this.#options.failed(error)
      this.end()
    }
  }

  /** Resolves when the reader has taken enough to go on, or when the stream has ended. */
  #room(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
      if (!this.#full || this.#abort.signal.aborted) resolve()
    })
  }

  #send(text: string): void {
    this.#controller?.enqueue(bytesOf(text))
    const room = this.#controller?.desiredSize ?? 0
    if (room <= 0) this.#full = true
    this.#movedAt = this.#limits.clock.monotonic()
  }

  /** Twice a second: a sign of life, an end for who reads nothing, and the question whether to go on. */
  look(): void {
    const idle = this.#limits.clock.monotonic() - this.#movedAt
    if (this.#full && idle >= this.#limits.stalledMs) {
      this.end()
      this.#options.drop()
      return
    }
    if (!this.#full && idle >= this.#limits.heartbeatMs) this.#send(': \n\n')
    if (this.#asking) return
    this.#asking = true
    this.#options.mayGoOn().then(
      (may) => {
        this.#asking = false
        if (!may) this.end()
      },
      () => this.end(),
    )
  }

  /** Idempotent. What was sent is still delivered. */
  end(): void {
    if (this.#abort.signal.aborted) return
    this.#abort.abort()
    this.#wake?.()
    this.#ended()
    try {
      this.#controller?.close()
    } catch {
      // cancelled by its reader: closed already
    }
  }
}

const encoder = new TextEncoder()

function bytesOf(text: string): Uint8Array {
  return encoder.encode(text)
}

/** On the wire. A line break in data begins another data line; in id and type there is none to begin with. */
function textOf({ id, event, data }: SentEvent): string {
  const head = `${id === undefined ? '' : `id: ${oneLine(id)}\n`}${event === undefined ? '' : `event: ${oneLine(event)}\n`}`
  return `${head}${data
    .split(/\r\n|\r|\n/)
    .map((line) => `data: ${line}\n`)
    .join('')}\n`
}

function oneLine(text: string): string {
  if (/[\r\n]/.test(text)) throw new TypeError('a line break in the id or type of an event')
  return text
}

const longestId = 200

/** Where a client that lost its connection wants to go on; `undefined` for none, and for what cannot be one of ours. */
export function lastEventId(headers: Headers): string | undefined {
  const text = headers.get('last-event-id')
  return text === null || text === '' || text.length > longestId || !/^[\x21-\x7e]+$/.test(text) ? undefined : text
}
