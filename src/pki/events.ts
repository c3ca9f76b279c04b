import { z } from 'zod'
import type { EventTable } from '#platform'
import { revocationReasons } from './revoke/reasons.ts'

const fingerprint = z.string().describe('SHA-256 of the certificate.')

/** What may be told of this room's changes. */
export const events: EventTable = {
  'certificate-authorities.create': {
    summary: 'A certificate authority was made.',
    read: 'certificates:read',
    detail: z.object({
      line: z.string().describe('What it issues for.'),
      state: z.enum(['standby', 'active', 'retired']),
      fingerprint,
    }),
  },
  'certificates.issue': {
    summary: 'A certificate was issued.',
    read: 'certificates:read',
    detail: z.object({
      profile: z.string().describe('What it may be used for.'),
      serial: z.string(),
      fingerprint,
      notAfter: z.iso.datetime().describe('When it ends.'),
      holder: z.string().nullable().describe('Id of the principal it speaks for.'),
      renewedFrom: z.string().nullable().describe('Id of the certificate it takes the place of.'),
    }),
  },
  'certificates.revoke': {
    summary: 'A certificate was revoked.',
    read: 'certificates:read',
    detail: z.object({
      serial: z.string(),
      reason: z.enum(revocationReasons),
      because: z.string().optional().describe('Id of the certificate it was revoked with.'),
    }),
  },
  'certificate-holders.create': {
    summary: 'A device or service became known by its first certificate.',
    read: 'certificates:read',
    detail: z.object({}),
  },
  'certificates.forget-keys': {
    summary: 'Private keys of certificates that ended were deleted.',
    read: 'certificates:read',
    detail: z.object({ count: z.int() }),
  },
}
