import type { Dispatcher } from 'undici'
import type { GatewayCode } from '../errors.ts'
import { UpstreamFault } from '../upstreams/fault.ts'
import { errors } from './undici.ts'

const unreachable: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'EACCES',
  'EPERM',
  'EMFILE',
  'ENOENT',
])

/** The public code of a failed exchange with an upstream. Whatever is not known is `upstream-closed`, never a 500. */
export function faultCode(error: Error): GatewayCode {
  if (error instanceof UpstreamFault) return error.code
  if (error instanceof errors.ConnectTimeoutError) return 'gateway.upstream-connect-timeout'
  if (error instanceof errors.HeadersTimeoutError) return 'gateway.upstream-timeout'
  if (error instanceof errors.BodyTimeoutError) return 'gateway.upstream-timeout'
  if (error instanceof errors.HeadersOverflowError) return 'gateway.upstream-headers-too-large'
  if (error instanceof errors.HTTPParserError) return 'gateway.upstream-garbage'
  if (error instanceof errors.ResponseContentLengthMismatchError) return 'gateway.upstream-garbage'
  if (error instanceof errors.RequestContentLengthMismatchError) return 'gateway.request-malformed'
  if (error instanceof errors.InvalidArgumentError || error instanceof errors.NotSupportedError) {
    return 'gateway.request-malformed'
  }
  if (error instanceof errors.SocketError)
    return error.message.startsWith('bad ') ? 'gateway.upstream-garbage' : 'gateway.upstream-closed'
  return systemFault(error)
}

function systemFault(error: Error): GatewayCode {
  const code = codeOf(error)
  if (error instanceof AggregateError) {
    const [first] = error.errors as readonly unknown[]
    if (first instanceof Error) return systemFault(first)
  }
  if (code === 'ETIMEDOUT') return 'gateway.upstream-connect-timeout'
  if (unreachable.has(code)) return 'gateway.upstream-unreachable'
  if (/CERT|^ERR_TLS_|^UNABLE_TO_|^SELF_SIGNED|^HOSTNAME_MISMATCH|^INVALID_CA|^INVALID_PURPOSE/.test(code)) {
    return 'gateway.upstream-certificate'
  }
  // a plain-text server, or one with protocol versions nobody should speak
  if (/^ERR_SSL_|^EPROTO$/.test(code)) return 'gateway.upstream-garbage'
  if (code.startsWith('HPE_')) return 'gateway.upstream-garbage'
  return 'gateway.upstream-closed'
}

/**
 * Faults after which another upstream may do better. One that did not answer in time may still be at work, and what is
 * wrong with the request is wrong everywhere.
 */
const passing: ReadonlySet<GatewayCode> = new Set<GatewayCode>([
  'gateway.upstream-unreachable',
  'gateway.upstream-connect-timeout',
  'gateway.upstream-certificate',
  'gateway.upstream-not-allowed',
  'gateway.upstream-closed',
  'gateway.upstream-garbage',
])

export function mayMoveOn(code: GatewayCode): boolean {
  return passing.has(code)
}

/** Informational answers: more than any app has to say before its answer. */
const maxInterim = 16
/** Names and values of a thousand fields: short ones fit into 64 KiB by ten thousands, which clients do not take. */
const maxHeaderItems = 2_000

/**
 * Whether a head is an answer. An informational one is none: it is between the upstream and us. Each begins the wait anew,
 * so one too many aborts the request; so does a head that nobody takes.
 *
 * @param count of heads of this request, with this one
 */
export function isAnswer(controller: Dispatcher.DispatchController, status: number, count: number): boolean {
  if (status < 200) {
    if (count > maxInterim)
      controller.abort(new UpstreamFault('gateway.upstream-garbage', 'interim answers without end'))
    return false
  }
  const raw = controller.rawHeaders
  if (!Array.isArray(raw) || raw.length <= maxHeaderItems) return true
  controller.abort(new UpstreamFault('gateway.upstream-headers-too-large', 'more header fields than anybody reads'))
  return false
}

/** Whether the upstream may not have seen the request: a kept connection that it had closed meanwhile. */
export function isStaleConnection(error: Error): boolean {
  if (error instanceof errors.SocketError) return !error.message.startsWith('bad ')
  const code = codeOf(error)
  return code === 'ECONNRESET' || code === 'EPIPE'
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : ''
}
