import { createHmac } from 'node:crypto'

const prefix = 'whsec_'
/** Bytes of a secret: as much as the hash behind it can use. */
export const secretBytes = 32

/** A secret as its receiver keeps it: `whsec_` and base64, as Standard Webhooks writes it. */
export function secretText(bytes: Uint8Array): string {
  return prefix + Buffer.from(bytes).toString('base64')
}

/** The bytes of a secret. @throws TypeError for another form */
export function secretOf(text: string): Uint8Array {
  if (!text.startsWith(prefix)) throw new TypeError('not a webhook secret')
  return Buffer.from(text.slice(prefix.length), 'base64')
}

export interface SignedMessage {
  /** The event's id: the same in every attempt. */
  readonly id: string
  /** Of this attempt, in milliseconds; sent in seconds. */
  readonly at: number
  readonly body: string
}

/**
 * The headers of a message (Standard Webhooks 1.0): id, time and one `v1` signature for each secret, HMAC-SHA-256 over
 * `id.timestamp.body`.
 *
 * @param secrets bytes, the newest first; two while one replaces the other
 */
export function signedHeaders(
  { id, at, body }: SignedMessage,
  secrets: readonly Uint8Array[],
): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(at / 1_000))
  const signatures = secrets.map((secret) => {
    return `v1,${createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64')}`
  })
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') }
}
