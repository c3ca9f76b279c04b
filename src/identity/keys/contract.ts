import { z } from 'zod'

/** Wire shapes of signing in with a key or shared secret. */

const handle = z.string().min(1).max(1024)
const nonce = z.string().min(1).max(128)
/** Base64, an SSH armour, or an HMAC in hexadecimal: bounded before it is looked at. */
const answer = z.string().min(1).max(16_384)

export const challengeBody = z.strictObject({ handle })

export const challenge = z.strictObject({
  /** One line, to be signed as it is. */
  text: z.string(),
  nonce: z.string(),
  expiresAt: z.iso.datetime(),
})

export const keySignInBody = z.strictObject({ handle, nonce, answer, label: z.string().min(1).max(200) })
