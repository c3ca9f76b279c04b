import { type IncomingMessage, type RequestOptions, request as requestPlain } from 'node:http'
import { request as requestTls } from 'node:https'
import type { LookupFunction } from 'node:net'
import { exitCodes, Failure } from './failure.ts'

/** Where a request goes. */
export type Endpoint =
  | { readonly kind: 'socket'; readonly path: string }
  | {
      readonly kind: 'https'
      readonly origin: URL
      /** PEM of the authority that must have signed the server's certificate; absent: the system's authorities. */
      readonly ca: string | undefined
      /** Accepts any certificate. Only to ask for the authority whose fingerprint is then compared; sends no secret. */
      readonly unverified?: true
      /** What to prove oneself with where the server asks for a certificate: certificate with chain, and key, as PEM. */
      readonly client?: { readonly cert: string; readonly key: string }
    }

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Path and query. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: string
}

const idleTimeoutMs = 60_000
const maxAnswerBytes = 64 * 1024 * 1024

/** One exchange. Redirects are not followed. @throws Failure `cli.unreachable`, `cli.not-trusted`, `cli.unexpected-answer` */
export function exchange(endpoint: Endpoint, { method, path, headers, body }: HttpRequest): Promise<HttpAnswer> {
  const options: RequestOptions = {
    method,
    path,
    agent: false,
    timeout: idleTimeoutMs,
    headers: {
      accept: 'application/json, application/problem+json',
      ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
      ...headers,
    },
  }
  return new Promise((resolve, reject) => {
    const outgoing = start(endpoint, options)
    outgoing.once('response', (incoming) => {
      collect(incoming).then(resolve, (error: unknown) => reject(failureOf(endpoint, error)))
    })
    outgoing.once('timeout', () => outgoing.destroy(new Error('no answer for a minute')))
    outgoing.once('error', (error) => reject(failureOf(endpoint, error)))
    outgoing.end(body)
  })
}

function start(endpoint: Endpoint, options: RequestOptions) {
  if (endpoint.kind === 'socket') return requestPlain({ ...options, socketPath: endpoint.path })
  const { origin, ca, unverified, client } = endpoint
  return requestTls({
    ...options,
    hostname: origin.hostname.replace(/^\[|\]$/g, ''),
    port: origin.port === '' ? 443 : Number(origin.port),
    lookup: lookupLoopback,
    rejectUnauthorized: unverified !== true,
    ...(ca === undefined ? {} : { ca }),
    ...client,
  })
}

/** The whole of an answer. */
export async function collect(incoming: IncomingMessage): Promise<HttpAnswer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > maxAnswerBytes) throw new Error(`the answer is larger than ${maxAnswerBytes} bytes`)
    chunks.push(chunk)
  }
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks).toString('utf8') }
}

/**
 * A request whose answer is read as it comes. The caller destroys the answer; one that says nothing for a minute is
 * destroyed here.
 *
 * @throws Failure as `exchange`
 */
export function openAnswer(endpoint: Endpoint, { method, path, headers }: HttpRequest): Promise<IncomingMessage> {
  const options: RequestOptions = { method, path, agent: false, timeout: idleTimeoutMs, headers: { ...headers } }
  return new Promise((resolve, reject) => {
    const outgoing = start(endpoint, options)
    outgoing.once('response', resolve)
    outgoing.once('timeout', () => outgoing.destroy(new Error('no answer for a minute')))
    outgoing.once('error', (error) => reject(failureOf(endpoint, error)))
    outgoing.end()
  })
}

/** Names below `localhost` are loopback (RFC 6761 §6.3), which Node leaves to resolvers that often do not know them. */
export const lookupLoopback: LookupFunction = (hostname, options, callback) => {
  if (hostname !== 'localhost' && !hostname.endsWith('.localhost')) {
    void import('node:dns').then(({ lookup }) => lookup(hostname, options, callback))
    return
  }
  const both = [
    { address: '127.0.0.1', family: 4 },
    { address: '::1', family: 6 },
  ]
  const wanted = both.filter(
    ({ family }) => options.family === undefined || options.family === 0 || options.family === family,
  )
  if (options.all === true) callback(null, wanted)
  else callback(null, wanted[0]?.address ?? '127.0.0.1', wanted[0]?.family ?? 4)
}

const certificateFaults = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'INVALID_CA',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

const neverConnected = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])

/** Whether a failed exchange failed because the server could not prove who it is. */
export function isNotTrusted(error: unknown): boolean {
  return error instanceof Failure && error.details.code === 'cli.not-trusted'
}

/** What a failed exchange says to a person. */
export function failureOf(endpoint: Endpoint, error: unknown): Failure {
  if (error instanceof Failure) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (endpoint.kind === 'socket') return socketFailure(endpoint.path, code, error)
  if (certificateFaults.has(code)) return notTrusted(endpoint.origin, code)
  const advice = neverConnected.has(code)
    ? 'Nothing was sent. Check the address, and that the server runs.'
    : 'If a change was on its way, look whether it was made before you repeat it.'
  return new Failure({
    exit: exitCodes.unreachable,
    code: 'cli.unreachable',
    title: `${endpoint.origin.origin} cannot be reached`,
    detail: `${reasonOf(code, error)} ${advice}`,
  })
}

function socketFailure(path: string, code: string, error: unknown): Failure {
  const details = { exit: exitCodes.unreachable, code: 'cli.unreachable', title: 'The server does not answer' } as const
  if (code === 'EACCES' || code === 'EPERM') {
    return new Failure({ ...details, detail: `${path} belongs to another user. Run this command as that user.` })
  }
  if (code === 'ECONNREFUSED' || code === 'ENOENT') {
    return new Failure({
      ...details,
      detail: `Nothing listens at ${path}. Start the server there with "gatehouse serve".`,
    })
  }
  return new Failure({
    ...details,
    detail: `${path}: ${reasonOf(code, error)} Look whether a change was made before you repeat it.`,
  })
}

function notTrusted(origin: URL, code: string): Failure {
  return new Failure({
    exit: exitCodes.unreachable,
    code: 'cli.not-trusted',
    title: `${origin.origin} could not prove who it is`,
    detail: `Its certificate does not verify (${code}). Nothing was sent. If the server was set up anew, compare the fingerprint that "gatehouse ca" prints there and run: gatehouse login ${origin.origin} --ca-fingerprint FINGERPRINT`,
  })
}

function reasonOf(code: string, error: unknown): string {
  switch (code) {
    case 'ECONNREFUSED':
      return 'Nothing listens there.'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'Its name is not known.'
    case 'ECONNRESET':
    case 'EPIPE':
      return 'The connection was closed.'
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'There is no way there.'
    default:
      return `${error instanceof Error ? error.message : String(error)}.`
  }
}
