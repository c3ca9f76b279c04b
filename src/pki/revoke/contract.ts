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

const instant = z.iso.datetime()

export const listRequestView = z.object({
  authorityId: z.string(),
  name: z.string(),
  number: z.int().describe('The least number the list may have.'),
  revoked: z.array(
    z.object({
      serial: z.string(),
      name: z.string().nullable().describe('Of an authority; null where only the serial number is known.'),
      revokedAt: instant,
      reason: z.string(),
      notAfter: instant,
    }),
  ),
  served: z.object({ number: z.int(), nextUpdate: instant }).nullable().describe('The list that is served now.'),
  files: z.record(z.string(), z.string()).describe('What `openssl ca -gencrl` works with, by file name.'),
  command: z.string().describe('What signs the list from these files.'),
})
export type ListRequestView = z.infer<typeof listRequestView>

/** Characters of PEM: some five thousand entries, of an authority that signs authorities. */
export const longestListText = 262_144
export const importListBody = z.strictObject({ list: z.string().max(longestListText).describe('PEM') })

export const importedListView = z.object({
  authorityId: z.string(),
  name: z.string(),
  number: z.int(),
  thisUpdate: instant,
  nextUpdate: instant,
  entries: z.int().describe('How many certificates it revokes.'),
  notRevokedHere: z
    .array(z.string())
    .describe('What it revokes and Gatehouse does not: names of authorities, or serial numbers.'),
})
export type ImportedListView = z.infer<typeof importedListView>

export const revokeOwnBody = z.strictObject({ reason })

export const revokedAllView = z.object({ holder: z.string(), revoked: z.int().describe('How many were revoked.') })
