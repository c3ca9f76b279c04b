import { z } from 'zod'

export const recoveryLinkBody = z.strictObject({
  /** Takes the second factors away as well. */
  secondFactors: z.boolean().default(false),
  /** Sent to the proved address and answered to nobody. */
  mail: z.boolean().default(false),
})

export const madeRecoveryLink = z.strictObject({
  /** Shown this once; null when it was mailed. */
  link: z.string().nullable(),
  expiresAt: z.iso.datetime(),
})
