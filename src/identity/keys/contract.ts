import { z } from 'zod'
import { credentialBody, newTokenBody } from '../contract.ts'

/** Wire shapes of keys and shared secrets. */

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

/** Limits as those of a token; absent: as wide as what asks. */
const limits = {
  ...newTokenBody.shape,
  permissions: newTokenBody.shape.permissions.optional(),
  expiresAt: newTokenBody.shape.expiresAt.default(null),
  /** Asked for after a proof of another kind, at every sign-in. */
  isSecond: z.boolean().default(false),
}

/** PEM, or the line of a `.pub` file. */
const publicKey = z.string().min(1).max(16_384)

export const newKeyBody = z.strictObject({ ...limits, publicKey })
export const newSharedSecretBody = z.strictObject(limits)
export const resetKeyBody = z.strictObject({ publicKey })

/** A key's SHA-256, as `ssh-keygen -l` shows it, and its kind: `Ed25519`, `P-256`, `RSA-3072`. */
export const createdKey = z.strictObject({ credential: credentialBody, keyKind: z.string(), fingerprint: z.string() })

/** `secret` is shown this once. */
export const createdSharedSecret = z.strictObject({ credential: credentialBody, secret: z.string() })
