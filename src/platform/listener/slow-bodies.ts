import type { IncomingMessage } from 'node:http'
import { constants, type Http2ServerRequest, type ServerHttp2Stream } from 'node:http2'
import type { ListenerLimits } from './limits.ts'
import type { ServedRequest, ServedResponse } from './listener.ts'

export type BodyLimits = Pick<ListenerLimits, 'bodyIdleMs' | 'bodyRate' | 'bodyWindowMs'>

/**
 * Drops a client that announced a body and sends nothing for a while, or less than the least rate. Ends with the body, so
 * that long answers are not cut.
 */
export function boundBody(request: ServedRequest, response: ServedResponse, limits: BodyLimits): void {
  if (request.httpVersionMajor === 1) {
    const length = request.headers['content-length']
    if ((length === undefined || length === '0') && request.headers['transfer-encoding'] === undefined) return
    const { socket } = request as IncomingMessage
    socket.setTimeout(limits.bodyIdleMs)
    request.once('end', () => {
      // after an early answer the timer is the keep-alive's already
      if (!response.writableFinished) socket.setTimeout(0)
    })
    boundRate(request, limits, () => socket.destroy())
    return
  }
  const { stream } = request as Http2ServerRequest
  if (stream.endAfterHeaders) return
  stream.setTimeout(limits.bodyIdleMs, () => cut(stream))
  request.once('end', () => stream.setTimeout(0))
  boundRate(request, limits, () => cut(stream))
}

/**
 * Says that it was cut: only destroyed, a stream ends with `NO_ERROR`, and Node's client waits for what it has not written yet.
 * That code is for whoever has a complete answer (RFC 9113, 8.1): a client must not throw such a one away.
 */
function cut(stream: ServerHttp2Stream): void {
  stream.close(stream.writableFinished ? constants.NGHTTP2_NO_ERROR : constants.NGHTTP2_CANCEL)
  stream.destroy()
}

/**
 * Looks at the end of each window. Where something lies there unread, it is the reader that is slow, who may hold the
 * client up for as long as it likes.
 */
function boundRate(request: ServedRequest, { bodyRate, bodyWindowMs }: BodyLimits, drop: () => void): void {
  if (bodyRate === 0) return
  const least = (bodyRate * bodyWindowMs) / 1_000
  let received = 0
  let before = 0
  const timer = setInterval(() => {
    if (received - before < least && request.readableLength === 0) drop()
    before = received
  }, bodyWindowMs)
  timer.unref()
  const stop = (): void => clearInterval(timer)
  request.once('close', stop)
  // a listener would make the body flow before there is a reader, so what feeds it is watched
  const push = request.push.bind(request)
  request.push = (chunk: Uint8Array | null, encoding?: BufferEncoding) => {
    if (chunk === null) stop()
    else received += chunk.length
    return push(chunk, encoding)
  }
}
