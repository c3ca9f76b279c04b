import { z } from 'zod'
import { credentialBody, newTokenBody } from '../contract.ts'

/** Wire shapes of setting up authenticator apps and recovery codes. Limits as those of a token; absent: as wide as what asks. */
const limits = {
  ...newTokenBody.shape,
  permissions: newTokenBody.shape.permissions.optional(),
  expiresAt: newTokenBody.shape.expiresAt.default(null),
}

/** What an app is set up with. `enrolment` comes back with a code made with the key, within half an hour. */
export const totpEnrolment = z.strictObject({
  enrolment: z.string(),
  /** Base32, in groups of four. */
  key: z.string(),
  /** `otpauth://…`, for a QR code. */
  address: z.string(),
  expiresAt: z.iso.datetime(),
})

const proof = { enrolment: z.string().max(2_000), code: z.string().min(1).max(100) }
export const newTotpBody = z.strictObject({ ...limits, ...proof })
export const resetTotpBody = z.strictObject(proof)
export const madeTotp = z.strictObject({ credential: credentialBody })

export const newRecoveryCodesBody = z.strictObject({
  ...limits,
  label: newTokenBody.shape.label.default('Recovery codes'),
})
/** `codes` are shown this once. */
export const madeRecoveryCodes = z.strictObject({ credential: credentialBody, codes: z.array(z.string()) })
export const recoveryCodesLeft = z.strictObject({ left: z.int() })
