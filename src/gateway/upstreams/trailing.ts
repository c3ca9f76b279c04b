import { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import { type Duplex, Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { errors } from '../proxy/undici.ts'
import type { Connector } from './connectors.ts'
import type { Destination, DispatchOptions } from './destination.ts'
import { UpstreamFault } from './fault.ts'

export interface TrailingOptions {
  readonly origin: URL
  readonly connector: Connector
  readonly maxHeaderBytes: number
}

/**
 * The way of requests that end in trailers, which undici cannot send: Node's own client behind undici's manner of being
 * asked. The connector is the one of the pool beside it, so addresses, names and certificates are judged alike; each request has a
 * connection of its own, since such requests are rare and a kept connection could be stale when a body cannot be repeated.
 */
export function openTrailing({ origin, connector, maxHeaderBytes }: TrailingOptions): Pick<Destination, 'dispatch'> {
  const at = {
    host: origin.host,
    // as undici tells it, without brackets
    hostname: origin.hostname.replaceAll(/[[\]]/g, ''),
    protocol: origin.protocol,
    port: origin.port,
  }
  // no agent: requests that wait in one for a connection wait for ever when none can be made any more
  const createConnection: Connecting = (_, opened) => {
    connector(at, (error, socket) => {
      if (error === null) opened(null, socket)
      else (opened as (error: Error) => void)(error)
    })
    return undefined
  }
  return {
    dispatch: (options, handler) => {
      new Trailing(options, handler).send(createConnection, maxHeaderBytes)
      return true
    },
  }
}

type Connecting = (options: unknown, opened: (error: Error | null, socket: Duplex) => void) => undefined

const framing = ['transfer-encoding', 'chunked', 'connection', 'close']

class Trailing implements Dispatcher.DispatchController {
  readonly #options: DispatchOptions
  readonly #handler: Dispatcher.DispatchHandler
  #request: ClientRequest | undefined
  #answer: IncomingMessage | undefined
  #patience: NodeJS.Timeout | undefined
  #reason: Error | null = null
  #paused = false
  #over = false
  rawHeaders: string[] = []

  constructor(options: DispatchOptions, handler: Dispatcher.DispatchHandler) {
    this.#options = options
    this.#handler = handler
  }

  get aborted(): boolean {
    return this.#reason !== null
  }

  get paused(): boolean {
    return this.#paused
  }

  get reason(): Error | null {
    return this.#reason
  }

  pause(): void {
    this.#paused = true
    clearTimeout(this.#patience)
    this.#answer?.pause()
  }

  resume(): void {
    this.#paused = false
    this.#wait()
    this.#answer?.resume()
  }

  abort(reason: Error): void {
    if (this.#over) return
    this.#reason = reason
    this.#fail(reason)
  }

  send(createConnection: Connecting, maxHeaderSize: number): void {
    const { method, path, trailers } = this.#options
    const sent = request({
      createConnection,
      method,
      path,
      maxHeaderSize,
      headers: [...this.#head(), 'trailer', trailers?.names.join(', ') ?? '', ...framing],
    })
    // the gate counts them, and refuses too many; Node would drop them
    sent.maxHeadersCount = 0
    this.#request = sent
    sent.once('socket', () => this.#begin(sent))
    sent.on('information', ({ statusCode }) => this.#handler.onResponseStart?.(this, statusCode, {}))
    sent.once('response', (answer) => this.#take(answer))
    sent.on('error', (error) => this.#fail(faultOf(error)))
    sent.once('close', () => this.#fail(new errors.SocketError('other side closed')))
  }

  /** Without a length: that is for bodies that end with their last byte. */
  #head(): string[] {
    const headers = this.#options.headers as readonly string[]
    return headers.filter((_, at) => headers[at - (at % 2)] !== 'content-length')
  }

  #begin(sent: ClientRequest): void {
    if (this.#over) return
    this.#handler.onRequestStart?.(this, undefined)
    const { body, trailers } = this.#options
    if (this.#over || !(body instanceof Readable)) return
    this.#wait()
    body.on('data', (piece: Buffer) => {
      this.#handler.onBodySent?.(piece)
      this.#wait()
    })
    body.once('error', (error) => this.#fail(error))
    body.once('end', () => {
      if (this.#over) return
      sent.addTrailers(trailers?.read() ?? [])
      sent.end()
    })
    body.pipe(sent, { end: false })
  }

  #take(answer: IncomingMessage): void {
    this.#answer = answer
    this.rawHeaders = answer.rawHeaders
    this.#wait()
    // what is wrong while it is read is told as `error`; a handler that aborts has heard everything
    answer.on('error', (error) => this.#fail(faultOf(error)))
    const { statusCode = 0 } = answer
    if (statusCode < 100) {
      // not informational, so Node takes it for an answer; to the handler it would be none, and its body one without a head
      this.#fail(new UpstreamFault('gateway.upstream-garbage', `${statusCode} is no status`))
      return
    }
    this.#tell(() => this.#handler.onResponseStart?.(this, statusCode, headersOf(answer)))
    if (this.#over) return
    answer.on('data', (piece: Buffer) => {
      if (this.#over) return
      this.#wait()
      this.#tell(() => this.#handler.onResponseData?.(this, piece))
    })
    answer.once('end', () => {
      if (this.#over) return
      this.#tell(() => this.#handler.onResponseEnd?.(this, answer.trailers))
      if (!this.#end()) return
      // answered before the whole of it was sent: the rest is for nobody
      if (this.#request?.writableFinished === false) this.#letGo()
    })
  }

  /** What the handler throws fails its own request, as with undici, and not the whole process. */
  #tell(say: () => void): void {
    try {
      say()
    } catch (error) {
      this.abort(error instanceof Error ? error : new Error('an answer could not be passed on', { cause: error }))
    }
  }

  /** Begins the wait for the other side anew. */
  #wait(): void {
    clearTimeout(this.#patience)
    if (this.#over || this.#paused) return
    const { headersTimeout, bodyTimeout } = this.#options
    const isBody = this.#answer !== undefined
    const late = (): void => this.#fail(isBody ? new errors.BodyTimeoutError() : new errors.HeadersTimeoutError())
    this.#patience = setTimeout(late, (isBody ? bodyTimeout : headersTimeout) ?? 0).unref()
  }

  #fail(error: Error): void {
    if (!this.#end()) return
    this.#letGo()
    this.#handler.onResponseError?.(this, error)
  }

  #letGo(): void {
    const { body } = this.#options
    if (this.#request === undefined) return
    if (body instanceof Readable) body.unpipe(this.#request)
    this.#request.destroy()
  }

  /** @returns whether it was not over before */
  #end(): boolean {
    if (this.#over) return false
    this.#over = true
    clearTimeout(this.#patience)
    return true
  }
}

function faultOf(error: Error): Error {
  const code = 'code' in error ? error.code : undefined
  return code === 'HPE_HEADER_OVERFLOW'
    ? new UpstreamFault('gateway.upstream-headers-too-large', error.message, { cause: error })
    : error
}

/** As undici tells them: text, or a list of what was said more than once. */
function headersOf(answer: IncomingMessage): IncomingHttpHeaders {
  const headers: Record<string, string | string[]> = {}
  for (const [name, values = []] of Object.entries(answer.headersDistinct)) {
    headers[name] = values.length === 1 ? (values[0] ?? '') : values
  }
  return headers as IncomingHttpHeaders
}
