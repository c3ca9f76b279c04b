import { z } from 'zod'
import type { EventTable } from '#platform'
import { revocationReasons } from './revoke/reasons.ts'

const fingerprint = z.string().describe('SHA-256 of the certificate.')

const profileDetail = z.object({
  kind: z.string(),
  line: z.string().describe('The line of authorities that issues it.'),
  days: z.int().describe('Longest life.'),
  keys: z.array(z.string()),
  names: z.array(z.string()).describe('Host names it may carry.'),
})

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
  'certificate-authorities.import': {
    summary: 'A certificate authority made elsewhere was taken in.',
    read: 'certificate-authorities:read:{id}',
    detail: z.object({
      line: z.string().describe('What it issues for.'),
      state: z.enum(['standby', 'active', 'retired']),
      fingerprint,
      hasKey: z.boolean().describe('Whether its private key came with it.'),
    }),
  },
  'certificate-authorities.activate': {
    summary: 'A line was handed over: this authority issues from now on.',
    read: 'certificate-authorities:read:{id}',
    detail: z.object({
      line: z.string(),
      fingerprint,
      former: z.string().nullable().describe('Id of the authority that issued until then.'),
      crossCertified: z.boolean().describe('A root: the former one certified it.'),
    }),
  },
  'certificate-authorities.retire': {
    summary: 'A certificate authority issues no more; what it issued stays trusted.',
    read: 'certificate-authorities:read:{id}',
    detail: z.object({ line: z.string(), successor: z.string().nullable() }),
  },
  'certificate-authorities.import-list': {
    summary: 'A revocation list that was signed elsewhere is served from now on.',
    read: 'certificate-authorities:read:{id}',
    detail: z.object({
      number: z.int(),
      entries: z.int().describe('How many certificates it revokes.'),
      nextUpdate: z.iso.datetime().describe('When it ends.'),
    }),
  },
  'certificate-authorities.revoke': {
    summary: 'A certificate authority was revoked; whatever it issued is refused.',
    read: 'certificate-authorities:read:{id}',
    detail: z.object({
      line: z.string(),
      fingerprint,
      reason: z.enum(revocationReasons),
      successor: z.string().nullable().describe('Id of the authority that issues in its place.'),
    }),
  },
  'certificate-authorities.request': {
    summary: 'A request for the signature of a root kept elsewhere was made.',
    read: 'certificate-authorities:read',
    detail: z.object({ line: z.string() }),
  },
  'certificate-authorities.withdraw': {
    summary: 'A request for a signature was withdrawn, and its key deleted.',
    read: 'certificate-authorities:read',
    detail: z.object({ line: z.string() }),
  },
  'certificate-authorities.export': {
    summary: 'A copy of a root’s private key left this server, encrypted with a passphrase.',
    read: 'certificate-authorities:read:{id}',
    detail: z.object({ fingerprint, digest: z.string().describe('SHA-256 of the copy.') }),
  },
  'certificate-authorities.disconnect': {
    summary: 'A root’s private key was deleted here: it is kept elsewhere.',
    read: 'certificate-authorities:read:{id}',
    detail: z.object({ fingerprint, digest: z.string().describe('SHA-256 of the copy that was confirmed.') }),
  },
  'certificate-authorities.reconnect': {
    summary: 'A root’s private key was brought back to this server.',
    read: 'certificate-authorities:read:{id}',
    detail: z.object({ fingerprint }),
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
  'certificates.reset': {
    summary: 'Another certificate, of another key, took the place of one, which proves nothing any more.',
    read: 'certificates:read',
    detail: z.object({
      successor: z.string().describe('Id of the certificate that took its place.'),
      revoked: z.int().describe('How many were revoked: itself, and what was renewed from it.'),
    }),
  },
  'certificate-holders.create': {
    summary: 'A device or service became known, by its first certificate or by hand.',
    read: 'certificate-holders:read',
    detail: z.object({}),
  },
  'certificate-holders.update': {
    summary: 'A device or service is called something else.',
    read: 'certificate-holders:read',
    detail: z.object({ title: z.string(), before: z.string() }),
  },
  'certificate-holders.delete': {
    summary: 'A device or service was removed, and its certificates with it.',
    read: 'certificate-holders:read',
    detail: z.object({
      kind: z.enum(['device', 'service']),
      certificates: z.int().describe('How many were revoked.'),
    }),
  },
  'certificate-profiles.create': {
    summary: 'A certificate profile was made.',
    read: 'certificate-profiles:read',
    detail: profileDetail,
  },
  'certificate-profiles.update': {
    summary: 'What a certificate profile gives was changed.',
    read: 'certificate-profiles:read',
    detail: profileDetail.extend({ before: profileDetail }),
  },
  'certificate-profiles.delete': {
    summary: 'A certificate profile was removed; nothing is issued or renewed by it any more.',
    read: 'certificate-profiles:read',
    detail: profileDetail,
  },
  'certificates.forget-keys': {
    summary: 'Private keys of certificates that ended were deleted.',
    read: 'certificates:read',
    detail: z.object({ count: z.int() }),
  },
}
