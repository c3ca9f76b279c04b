import { z } from 'zod'
import { certificate } from '../issue/contract.ts'
import { revocationReasons } from './reasons.ts'

const reason = z
  .enum(revocationReasons)
  .default('unspecified')
  .describe('keyCompromise also revokes every certificate of the same key, and the key is certified no more.')
export const revokeBody = z.strictObject({ reason })

export const revokedView = certificate.extend({
  revoked: z
    .array(z.string())
    .describe('Ids of all that were revoked with it, itself first; empty when it was revoked before.'),
})

export const revokeAllBody = z.strictObject({
  holder: z.string().max(64).describe('Id of the principal whose certificates are meant: acc_…, dev_…, svc_….'),
  reason,
})

export const revokedAllView = z.object({ holder: z.string(), revoked: z.int().describe('How many were revoked.') })
