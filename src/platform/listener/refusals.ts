import { IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { fail, type platformErrors } from '../platform-errors.ts'
import type { ServedRequest, ServedResponse } from './listener.ts'

/** Refusals before any room is asked. Short, for nobody in particular: the caller is unknown and may be a machine. */
export type RefusalCode = keyof typeof platformErrors &
  (
    | 'platform.bad-host'
    | 'platform.bad-forwarded-for'
    | 'platform.misdirected-request'
    | 'platform.too-many-headers'
    | 'platform.no-tunnels'
    | 'platform.upgrade-refused'
    | 'platform.internal-error'
  )

export function refuse(response: ServedResponse, code: RefusalCode): void {
  const { status, body } = problem(code)
  if (response.headersSent) {
    response.destroy()
    return
  }
  response.statusCode = status
  response.setHeader('content-type', 'application/problem+json')
  response.setHeader('content-length', Buffer.byteLength(body))
  response.setHeader('cache-control', 'no-store')
  response.setHeader('x-content-type-options', 'nosniff')
  response.end(body)
}

const unreadable: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}

/**
 * Answers what Node's HTTP/1 parser could not read, in the place of Node, which closes in the same breath and so loses the
 * answer when something else is still being written, such as the handshake's tickets.
 */
export function refuseUnreadable(error: Error, socket: Duplex, answerBegun: boolean): void {
  const code = 'code' in error ? String(error.code) : ''
  const isParsers = code.startsWith('HPE_') || code in unreadable
  if (!isParsers || answerBegun) {
    socket.destroy()
  } else if (socket.writable) {
    endSocket(socket, `HTTP/1.1 ${unreadable[code] ?? '400 Bad Request'}\r\nConnection: close\r\n\r\n`)
  }
}

/**
 * Whether a request of an HTTP/1 connection claims another version: `GET /` alone is HTTP/0.9, and nothing keeps a client
 * from writing HTTP/2.0. Node's parser hands both on, and everything behind it tells HTTP/1 and HTTP/2 apart by the version.
 * Nor does HTTP/1.0 know the transfer codings that Node reads there: a proxy in front may see another end of the body, so
 * the framing is faulty (RFC 9112 §6.1).
 */
export function claimsOtherVersion(request: ServedRequest): boolean {
  if (!(request instanceof IncomingMessage)) return false
  if (request.httpVersionMajor !== 1) return true
  return request.httpVersionMinor === 0 && request.headers['transfer-encoding'] !== undefined
}

/** Refuses it, and the connection with it. */
export function refuseVersion(response: ServerResponse): void {
  response.writeHead(505, { connection: 'close', 'content-length': 0 })
  response.end()
}

/** The same on a socket that HTTP/1 has let go of; closes it. */
export function refuseSocket(socket: Duplex, code: RefusalCode): void {
  const { status, title, body } = problem(code)
  endSocket(
    socket,
    `HTTP/1.1 ${status} ${title}\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `Connection: close\r\n\r\n${body}`,
  )
}

function endSocket(socket: Duplex, last: string): void {
  socket.end(last)
  // a peer that never closes its side must not keep ours
  socket.resume()
  setTimeout(() => socket.destroy(), 1_000).unref()
}

function problem(code: RefusalCode): { readonly status: number; readonly title: string; readonly body: string } {
  const { status, title, detail } = fail(code)
  return { status, title, body: `${JSON.stringify({ type: `/errors/${code}`, title, status, detail, code })}\n` }
}
