import { z } from 'zod'
import { credentialBody, newTokenBody } from '../contract.ts'

/** Wire shapes of further passwords. */

/** Longer ones are answered in words, up to the size of a body. */
const password = z.string().min(1)

/** Limits as those of a token; absent: as wide as what asks. */
export const newPasswordBody = z.strictObject({
  ...newTokenBody.shape,
  permissions: newTokenBody.shape.permissions.optional(),
  expiresAt: newTokenBody.shape.expiresAt.default(null),
  password,
})
export const resetOwnPasswordBody = z.strictObject({ password })
export const createdPassword = z.strictObject({ credential: credentialBody })
