import type { IncomingHttpHeaders } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { Duplex, Readable, Writable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { bodyPassed, type ServedRequest, type ServedResponse } from '#platform'
import type { ResponseRules } from '../defence/response-rules.ts'
import { boundedBody } from '../defence/sizes.ts'
import type { GatewayCode } from '../errors.ts'
import type { Balance } from '../upstreams/balance.ts'
import type { DispatchOptions } from '../upstreams/destination.ts'
import { endTogether } from './end-together.ts'
import { clientHeaders } from './response-headers.ts'
import { clientTrailers, type RequestTrailers } from './trailers.ts'
import { faultCode, isAnswer, isStaleConnection, mayMoveOn } from './upstream-fault.ts'
import { maxInFlight, type Upstream } from './upstreams.ts'

export interface ExchangeOptions {
  readonly balance: Balance
  readonly target: string
  readonly headers: string[]
  /** What the answer loses and gains. */
  readonly rules: ResponseRules
  /** Names and values in turn that this answer gets besides. */
  readonly also?: readonly string[] | undefined
  /** The longest body of a request; absent: any. One that was announced as longer never comes here. */
  readonly bodyBytes?: number | undefined
  /** What the request announced that comes behind its body. */
  readonly trailers?: RequestTrailers | undefined
  readonly headersMs: number
  readonly bodyMs: number
  /**
   * Asks the upstream for a WebSocket. Called once when it answers 101, with what to do when that is no acceptance;
   * whatever else it answers is passed on as an answer.
   */
  readonly switched?: ((headers: IncomingHttpHeaders, socket: Duplex) => boolean) | undefined
  /**
   * Told when the upstream begins a stream of events, with what cuts it: it may last for days, so whoever let the request
   * in goes on watching. Answers what to call at its end; `undefined` refuses it.
   */
  readonly streaming?: ((cut: () => void) => (() => void) | undefined) | undefined
  /** Answers for the upstream when it gave no usable answer; called at most once, before anything was sent. */
  readonly failed: (code: GatewayCode, error: Error | undefined, upstream: string) => void
  /**
   * Told before `done` of what came to no whole end: an answer the upstream broke off, with a code, or one that nobody
   * takes any more (the client left or stopped reading, what let a stream in has ended), without.
   */
  readonly brokeOff?: ((error: Error, upstream: string, code: GatewayCode | undefined) => void) | undefined
  /** Called once: the status passed on (0 when the client had gone or `failed` answers), and whether it was cut off. */
  readonly done?: ((status: number, cut: boolean) => void) | undefined
}

/**
 * One request on its way to the upstream and its answer on the way back: bodies streamed both ways with back-pressure,
 * a client that goes away aborts the upstream, an upstream that dies after it began to answer cuts the client off, so
 * that nobody takes half an answer for a whole one.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #request: ServedRequest
  readonly #response: ServedResponse
  /** The same response, seen as the stream it is on both protocols. */
  readonly #out: Writable
  readonly #options: ExchangeOptions
  readonly #hasBody: boolean
  #upstream: Upstream
  #era = 0
  #moves = 0
  #heads = 0
  #controller: Dispatcher.DispatchController | undefined
  #status = 0
  #left = -1
  #answering = false
  /** A piece of the answer's body was passed on. */
  #begun = false
  /** The whole of it leaves at the end of this turn. */
  #isEnding = false
  #ended = false
  #repeated = false
  #stalled: NodeJS.Timeout | undefined
  #streamEnded: (() => void) | undefined
  #refused: GatewayCode | undefined

  constructor(request: ServedRequest, response: ServedResponse, options: ExchangeOptions) {
    this.#request = request
    this.#response = response
    this.#out = response
    this.#options = options
    this.#hasBody = hasBody(request)
    this.#upstream = options.balance.only ?? options.balance.choose(this.#isRepeatable())
  }

  start(): void {
    const upstream = this.#upstream
    // its `close` was before we could hear it: nobody would ever take the answer
    if (hasGone(this.#response)) {
      this.#options.done?.(0, true)
      return
    }
    if (upstream.inFlight >= maxInFlight) {
      this.#options.failed('gateway.upstream-busy', undefined, upstream.text)
      this.#options.done?.(0, false)
      return
    }
    this.#response.on('close', this.#clientClosed)
    // before undici's own listener, which takes the end for the end of the whole body
    if (this.#hasBody) this.#request.on('end', this.#bodyEnded)
    this.#dispatch(upstream)
  }

  #dispatch(upstream: Upstream): void {
    this.#upstream = upstream
    upstream.inFlight += 1
    const { health } = upstream
    this.#era = health.era
    if (!health.sound) health.begin()
    const { target, headers, headersMs, bodyMs } = this.#options
    const options: DispatchOptions = {
      path: target,
      method: this.#request.method ?? 'GET',
      headers,
      body: this.#hasBody ? this.#body() : null,
      headersTimeout: headersMs,
      bodyTimeout: bodyMs,
      servername: upstream.servername,
      ...(this.#options.switched === undefined ? {} : { upgrade: 'websocket' }),
    }
    const { trailers } = this.#options
    if (trailers === undefined || !this.#hasBody) upstream.destination.dispatch(options, this)
    else upstream.trailing.dispatch({ ...options, trailers }, this)
  }

  /** undici streams anything that reads like a stream; HTTP/2 requests do. */
  #body(): Readable {
    const { bodyBytes } = this.#options
    if (bodyBytes === undefined || this.#request.headers['content-length'] !== undefined) {
      return this.#request
    }
    return boundedBody(this.#request, bodyBytes, () => {
      this.#refused = 'gateway.body-too-large'
    })
  }

  readonly #clientClosed = (): void => {
    if (this.#ended) return
    const gone = new Error('the client went away')
    if (this.#controller !== undefined) this.#controller.abort(gone)
    else this.#breakOff(0, gone, undefined)
  }

  /** An HTTP/2 body ends also when its stream is closed before the whole of it came: half a body is no body. */
  readonly #bodyEnded = (): void => {
    if (isHttp2(this.#request) && this.#request.stream.closed) this.#clientClosed()
  }

  /** A client that reads nothing would hold a connection to the upstream for as long as it likes. */
  readonly #clientStalled = (): void => {
    this.#controller?.abort(new Error('the client stopped reading'))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#ended) controller.abort(new Error('the client went away'))
  }

  onBodySent(piece: Buffer): void {
    bodyPassed(piece.length)
  }

  onRequestUpgrade(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
    socket: Duplex,
  ): void {
    // undici took its listeners off, and nobody else listens for errors yet
    socket.on('error', () => socket.destroy())
    const gone = this.#ended || hasGone(this.#response)
    const upstream = this.#upstream
    if (!gone && this.#options.switched?.(headers, socket) === true) {
      upstream.sockets += 1
      socket.once('close', () => {
        upstream.sockets -= 1
      })
      this.#answered()
      this.#finish(status, false)
      return
    }
    socket.destroy()
    if (!gone) this.#options.balance.failed(upstream, this.#era, 'gateway.upstream-garbage')
    this.#finish(0, gone)
    if (!gone) this.#options.failed('gateway.upstream-garbage', new Error('a 101 that accepts nothing'), upstream.text)
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    this.#heads += 1
    if (!isAnswer(controller, status, this.#heads)) return
    this.#answered()
    if (isEventStream(headers) && !this.#mayStream(controller)) return
    this.#answering = true
    this.#status = status
    const length = headers['content-length']
    this.#left = typeof length === 'string' && this.#request.method !== 'HEAD' ? Number(length) : -1
    const list = clientHeaders(status, headers, this.#options.rules, this.#options.also)
    if (this.#hasBody && !this.#request.complete && this.#request.httpVersionMajor === 1)
      list.push('connection', 'close')
    writeHead(this.#response, status, list)
    // a short body comes along and leaves with its head in one piece; a stream's head must not wait for its first piece
    const short = this.#left >= 0 && this.#left <= shortBody
    if (!short && this.#request.method !== 'HEAD' && status !== 204 && status !== 304) {
      process.nextTick(Exchange.#sendHead, this)
    }
  }

  /** Unless it left with the first piece of its body. Node's `headersSent` says of HTTP/1 only that a head was written down. */
  static #sendHead(this: void, exchange: Exchange): void {
    const response = exchange.#response
    if (exchange.#begun || response.writableEnded || hasGone(response)) return
    if ('flushHeaders' in response) response.flushHeaders()
  }

  #answered(): void {
    const upstream = this.#upstream
    if (!upstream.health.sound) this.#options.balance.succeeded(upstream, this.#era)
  }

  #mayStream(controller: Dispatcher.DispatchController): boolean {
    const { streaming } = this.#options
    if (streaming === undefined) return true
    this.#streamEnded = streaming(() => controller.abort(new Error('what let the stream in has ended')))
    if (this.#streamEnded !== undefined) return true
    this.#refused = 'gateway.too-many-sockets'
    controller.abort(new Error('too many streams are open'))
    return false
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#begun = true
    if (this.#left === chunk.length) {
      this.#left = 0
      // head and whole body leave in one piece
      if ('stream' in this.#response) this.#response.end(chunk)
      else {
        this.#isEnding = true
        endTogether(this.#response, chunk)
      }
      return
    }
    bodyPassed(chunk.length)
    if (this.#left > 0) this.#left -= chunk.length
    if (this.#out.write(chunk) || this.#stalled !== undefined) return
    controller.pause()
    this.#stalled = setTimeout(this.#clientStalled, this.#options.bodyMs).unref()
    this.#out.once('drain', () => {
      clearTimeout(this.#stalled)
      this.#stalled = undefined
      controller.resume()
    })
  }

  onResponseEnd(_controller: Dispatcher.DispatchController, trailers: IncomingHttpHeaders): void {
    if (!this.#isEnding && !this.#response.writableEnded) {
      const list = clientTrailers(trailers)
      if (list.length > 0) this.#response.addTrailers(Object.fromEntries(list))
      this.#out.end()
    }
    const { health } = this.#upstream
    if (!health.sound) health.whole(this.#era)
    this.#finish(this.#status, false)
  }

  onResponseError(controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#ended) return
    if (this.#answering && this.#response.headersSent) {
      // not by us, and no stream of events, which ends when its app is made anew or has nothing to say
      const code = controller.aborted || this.#streamEnded !== undefined ? undefined : faultCode(error)
      if (code !== undefined) this.#options.balance.brokeOff(this.#upstream, this.#era, code)
      this.#breakOff(this.#status, error, code)
      this.#cut()
      return
    }
    if (hasGone(this.#response)) {
      this.#breakOff(0, error, undefined)
      return
    }
    const code = this.#refused ?? faultCode(error)
    const again = this.#againAt(error, code)
    if (again !== undefined) {
      this.#upstream.inFlight -= 1
      this.#controller = undefined
      this.#dispatch(again)
      return
    }
    this.#finish(0, false)
    this.#options.failed(code, error, this.#upstream.text)
  }

  /** Where a request that failed goes next; `undefined`: nowhere, the failure is its answer. */
  #againAt(error: Error, code: GatewayCode): Upstream | undefined {
    const { balance } = this.#options
    const upstream = this.#upstream
    // undici tells of a request's start when it writes its first byte
    const isUnsent = this.#controller === undefined
    const mayRepeat = this.#isRepeatable()
    if (balance.only !== undefined) {
      const isStale = mayRepeat && !this.#repeated && isStaleConnection(error)
      if (!isStale) balance.failed(upstream, this.#era, code)
      this.#repeated = true
      return isStale ? upstream : undefined
    }
    balance.failed(upstream, this.#era, code)
    if (this.#moves >= balance.retries || !mayMoveOn(code) || !(isUnsent || mayRepeat)) return undefined
    this.#moves += 1
    return balance.chooseAgain(upstream, mayRepeat, code)
  }

  /** Without effect and without body, so that an upstream that saw it and one that sees it again do no harm. */
  #isRepeatable(): boolean {
    const { method } = this.#request
    return !this.#hasBody && (method === 'GET' || method === 'HEAD' || method === 'OPTIONS')
  }

  #breakOff(status: number, error: Error, code: GatewayCode | undefined): void {
    if (!this.#ended) this.#options.brokeOff?.(error, this.#upstream.text, code)
    this.#finish(status, true)
  }

  #finish(status: number, cut: boolean): void {
    if (this.#ended) return
    this.#ended = true
    clearTimeout(this.#stalled)
    this.#streamEnded?.()
    const upstream = this.#upstream
    upstream.inFlight -= 1
    // answered or failed, it was told before; gone without either, nothing was learned
    if (!upstream.health.sound) upstream.health.left(this.#era)
    this.#options.done?.(status, cut)
  }

  #cut(): void {
    if ('stream' in this.#response && this.#request.httpVersionMajor === 2) this.#response.stream.close(internalError)
    else this.#response.destroy()
  }
}

/** Whether the client is no longer there. HTTP/2's answer has no `destroyed` of its own. */
export function hasGone(response: ServedResponse): boolean {
  return 'stream' in response ? response.stream.destroyed || response.stream.closed : response.destroyed
}

function isHttp2(request: ServedRequest): request is Http2ServerRequest {
  return 'stream' in request && request.httpVersionMajor === 2
}

function isEventStream(headers: IncomingHttpHeaders): boolean {
  const type = headers['content-type']
  return typeof type === 'string' && type.length >= 17 && type.slice(0, 17).toLowerCase() === 'text/event-stream'
}

const shortBody = 65_536

/** NGHTTP2_INTERNAL_ERROR: the stream ends as failed, not as complete. */
const internalError = 2

function hasBody(request: ServedRequest): boolean {
  if (isHttp2(request)) return !request.stream.endAfterHeaders
  const length = request.headers['content-length']
  return (length !== undefined && length !== '0') || request.headers['transfer-encoding'] !== undefined
}

/** Sends a head given as a flat list, on either protocol. */
export function writeHead(response: ServedResponse, status: number, list: readonly string[]): void {
  if ('stream' in response) {
    response.writeHead(status, grouped(list))
    return
  }
  response.writeHead(status, list as string[])
}

function grouped(list: readonly string[]): Record<string, string | string[]> {
  // without a prototype: `constructor` is a name like any other
  const headers = Object.create(null) as Record<string, string | string[]>
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i] ?? ''
    const value = list[i + 1] ?? ''
    const before = headers[name]
    headers[name] = before === undefined ? value : Array.isArray(before) ? [...before, value] : [before, value]
  }
  return headers
}
