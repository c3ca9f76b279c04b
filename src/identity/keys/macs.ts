import { createHmac, timingSafeEqual } from 'node:crypto'
import { readBase64 } from './encodings.ts'

/** Answers made with a shared secret: HMAC-SHA-256 of the challenge (RFC 2104), the same text as is signed. */

const longestMac = 256

/** HMAC-SHA-256 of a text, keyed with the UTF-8 bytes of a secret as it was shown. */
export function macOf(secret: string, text: string): Buffer {
  return createHmac('sha256', secret).update(text).digest()
}

/**
 * The 32 bytes of an HMAC as tools print them: 64 hexadecimal digits, also behind the name `openssl dgst` puts before
 * them, or base64. `undefined` for anything else.
 */
export function readMac(pasted: string): Buffer | undefined {
  if (pasted.length > longestMac) return undefined
  const [, hex] =
    /^\s*(?:[A-Za-z0-9-]{1,32}\([^()\n]{0,64}\)= )?([0-9A-Fa-f]{64})(?: [ *]?[^\s]{1,64})?\s*$/.exec(pasted) ?? []
  const bytes = hex === undefined ? readBase64(pasted) : Buffer.from(hex, 'hex')
  return bytes?.length === 32 ? bytes : undefined
}

/** Whether the answer is the HMAC of the text, or of the text with a line break. How far a wrong one is right, the time does not tell. */
export function verifyMac(answer: Uint8Array, secret: string, text: string): boolean {
  return timingSafeEqual(answer, macOf(secret, text)) || timingSafeEqual(answer, macOf(secret, `${text}\n`))
}
