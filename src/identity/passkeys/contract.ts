import { z } from 'zod'
import { credentialBody, newTokenBody } from '../contract.ts'
import { creationResponse } from './responses.ts'

/** Wire shapes of making passkeys. Limits as those of a token; absent: as wide as what asks. */
export const newPasskeyBody = z.strictObject({
  ...newTokenBody.shape,
  /** Empty: named after where it is kept. */
  label: z.string().max(200).default(''),
  permissions: newTokenBody.shape.permissions.optional(),
  expiresAt: newTokenBody.shape.expiresAt.default(null),
  /** Asked for after a proof of another kind, at every sign-in. */
  isSecond: z.boolean().default(false),
  /** `RegistrationResponseJSON` (WebAuthn Level 3, 5.1.8). */
  response: creationResponse,
})
export const resetPasskeyBody = z.strictObject({ response: creationResponse })
export const madePasskey = z.strictObject({ credential: credentialBody })

/** `PublicKeyCredentialCreationOptionsJSON` (WebAuthn Level 3, 5.1.9), for a page of the console's own origin. */
export const passkeyOptions = z.looseObject({ challenge: z.string() })
