import { z } from 'zod'

export { fetchRootCommand, type TrustStep, trustSteps } from './trust.ts'

const fingerprint = z
  .string()
  .regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){31}$/)
  .describe("SHA-256 of the certificate's DER, lower-case hex pairs joined by colons")
const instant = z.iso.datetime()

/** `GET /api/v1/certificate-authorities/root` */
export const rootAuthority = z.object({
  name: z.string(),
  fingerprint,
  notAfter: instant,
  pem: z.string(),
})
export type RootAuthority = z.infer<typeof rootAuthority>

/** One issued certificate. Its private key never leaves the server. */
export const certificate = z.object({
  id: z.string(),
  authorityId: z.string(),
  profile: z.string().describe('What it may be used for.'),
  holderId: z.string().nullable().describe('The principal it speaks for.'),
  subject: z.string().describe('Common name; empty where the names alone say it.'),
  names: z.array(z.string()).describe('Alternative names.'),
  host: z.string().nullable().describe('The host it is served for, when Gatehouse serves it.'),
  serial: z.string().describe('Lower-case hex'),
  fingerprint,
  notBefore: instant,
  notAfter: instant,
  createdAt: instant,
  revokedAt: instant.nullable(),
  revocationReason: z.string().nullable(),
})
export type Certificate = z.infer<typeof certificate>

/** `GET /api/v1/certificates`, newest first */
export const certificateList = z.object({ items: z.array(certificate), next: z.string().nullable() })
export type CertificateList = z.infer<typeof certificateList>

export const certificateQuery = z.strictObject({
  q: z
    .string()
    .trim()
    .toLowerCase()
    .max(80)
    .transform((text) => (text === '' ? undefined : text))
    .optional()
    .describe('Only those with this text in host or serial number.'),
  cursor: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
})
