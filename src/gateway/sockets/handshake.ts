import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { ResponseRules } from '../defence/response-rules.ts'
import { clientHeaders } from '../proxy/response-headers.ts'

/** RFC 6455 §4: what makes an upgrade a WebSocket, from the client and from the app. */

/** Of 16 bytes in base64 (§4.1): two characters of padding, and before them one with four bits of nothing. */
const keyPattern = /^[A-Za-z0-9+/]{21}[AQgw]==$/
const protocolGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** Why a client's handshake is not one (§4.2.1), in words for the refusal; a wrong version has an answer of its own. */
export function handshakeFault(request: IncomingMessage): string | undefined {
  const { headers, method, httpVersion } = request
  if (method !== 'GET') return `an upgrade by ${method ?? 'nothing'}`
  if (httpVersion !== '1.1') return 'an upgrade in another version than HTTP/1.1'
  // a body would be read by one of us and taken for frames by the other
  if (headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined) {
    return 'a body beside an upgrade'
  }
  if (!keyPattern.test(headers['sec-websocket-key'] ?? '')) return 'no valid Sec-WebSocket-Key'
  return undefined
}

/** The only version there is (§4.4). */
export function speaksVersion(headers: IncomingHttpHeaders): boolean {
  return headers['sec-websocket-version'] === '13'
}

/** Whether an app's 101 answers this very handshake (§4.1): anything else is no WebSocket, and nothing is piped. */
export function isAccepted(key: string, headers: IncomingHttpHeaders): boolean {
  const expected = createHash('sha1')
    .update(key + protocolGuid)
    .digest('base64')
  return headers['sec-websocket-accept'] === expected && headers.upgrade?.toLowerCase() === 'websocket'
}

/** What a 101 tells of a body that it has not, or of the page the answer is not. */
const notIn101 = new Set([
  'content-length',
  'content-type',
  'content-security-policy',
  'x-content-type-options',
  'referrer-policy',
  'cross-origin-resource-policy',
])

/** The head of our own 101: the app's fields as on any answer, without our cookies. */
export function acceptHead(headers: IncomingHttpHeaders, rules: ResponseRules, also?: readonly string[]): Buffer {
  const fields = clientHeaders(101, headers, rules, also)
  let text = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at] ?? ''
    // values come from a strict parser: no line break can be in one
    if (!notIn101.has(name)) text += `${name}: ${fields[at + 1] ?? ''}\r\n`
  }
  return Buffer.from(`${text}\r\n`, 'latin1')
}
