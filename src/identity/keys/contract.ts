import { z } from 'zod'
import { credentialBody, newTokenBody } from '../contract.ts'

/** Wire shapes of making keys and shared secrets; those of signing in stand with the other sign-ins. */

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
