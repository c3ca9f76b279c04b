import { type Egress, GateError, type Keyring } from '#platform'
import type { HooksConfig } from './config.ts'
import type { Endpoint } from './endpoint.ts'
import { retryAfterOf } from './schedule.ts'
import { signedHeaders } from './signature.ts'

/** A receiver has so long for the whole exchange: name, connection, answer. */
const timeoutMs = 10_000
/** Of an answer so much is kept, for people. More is not read. */
const answerBytes = 512

export interface SendingDeps {
  readonly keyring: Pick<Keyring, 'open'>
  readonly egress: Egress
  readonly config: HooksConfig
}

export interface Message {
  readonly id: string
  readonly body: string
}

/** What one attempt came to. */
export interface Outcome {
  readonly delivered: boolean
  readonly status?: number
  /** A key of `failureReasons`. */
  readonly reason?: string
  readonly answer?: string
  readonly retryAfterMs?: number
}

/** Where a secret of an endpoint is sealed. */
export function secretPlace(endpointId: string): {
  readonly table: string
  readonly column: string
  readonly row: string
} {
  return { table: 'hooks_endpoints', column: 'secret', row: endpointId }
}

/** Posts a signed message once. Any status from 200 to 299 is a delivery; redirects are failures. Throws only for bugs. */
export async function send(
  deps: SendingDeps,
  endpoint: Endpoint,
  { id, body }: Message,
  now: number,
  signal: AbortSignal,
): Promise<Outcome> {
  const url = new URL(endpoint.url)
  const secrets = [
    endpoint.secret,
    ...(endpoint.former !== undefined && now < endpoint.former.until ? [endpoint.former.secret] : []),
  ]
  const opened = secrets.map((sealed) => deps.keyring.open(sealed, secretPlace(endpoint.id)))
  try {
    const {
      status,
      headers,
      body: answer,
    } = await deps.egress.request(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'Gatehouse-Webhooks/1',
        ...signedHeaders({ id, at: now, body }, opened),
      },
      body,
      timeoutMs,
      maxBytes: answerBytes,
      cutBody: true,
      allowHttp: deps.config.allowHttp.includes(url.hostname),
      signal,
    })
    const retryAfterMs = retryAfterOf(headers['retry-after'], now)
    const seen = { status, answer: readable(answer), ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
    if (status >= 200 && status <= 299) return { delivered: true, ...seen }
    return {
      delivered: false,
      ...seen,
      reason: status === 410 ? 'gone' : status >= 300 && status < 400 ? 'redirect' : 'status',
    }
  } catch (error) {
    if (!(error instanceof GateError)) throw error
    return { delivered: false, reason: error.code === 'platform.egress-refused' ? 'not-allowed' : 'no-answer' }
  }
}

/** Bytes of others as text for people: without control characters and what could turn the line around. */
function readable(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes)
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}]/gu, (mark) => (mark === '\n' || mark === '\t' ? ' ' : '\u{fffd}'))
}
