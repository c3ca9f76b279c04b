import { z } from 'zod'
import { parseCidr } from '#kit'

/** The API of the certificate authorities: what goes over the wire, shared by server, command line and pages. */

export const keyAlgorithms = ['P-256', 'P-384', 'RSA-2048', 'RSA-3072', 'RSA-4096'] as const
export type KeyAlgorithm = (typeof keyAlgorithms)[number]

const instant = z.iso.datetime()
const sha256 = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^[0-9a-f]{64}$/, 'expected the SHA-256 of the file: 64 hex digits')

/** What a line is for, in a word. */
export const lineName = z
  .string()
  .max(40)
  .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'lower-case letters, digits and single hyphens, beginning with a letter')

const host = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/

/** One name of a constraint as people write it: `example.org`, `10.0.0.0/8`, `uri:example.org`, `email:example.org`. */
export const nameLimit = z
  .string()
  .trim()
  .toLowerCase()
  .max(300)
  .refine((text) => {
    const bare = text.replace(/^(dns|uri|email):/, '')
    return bare === text && parseCidr(text) !== undefined ? true : host.test(bare.replace(/^\./, ''))
  }, 'expected a host (example.org), a network (10.0.0.0/8), uri:host or email:host')

const nameLimits = z.array(nameLimit).max(64)

export const authorityIdParams = z.strictObject({ id: z.string().max(60) })

export const authorityView = z.object({
  id: z.string(),
  kind: z.enum(['root', 'intermediate']),
  line: z.string().describe('What it issues for.'),
  state: z.enum(['standby', 'active', 'retired']),
  name: z.string(),
  parentId: z.string().nullable().describe('Who signed it; null for a root.'),
  fingerprint: z.string().describe("SHA-256 of the certificate's DER, lower-case hex pairs joined by colons"),
  serial: z.string().describe('Lower-case hex'),
  key: z.string().describe('Kind of key: P-256, RSA-2048, …'),
  keyIsHere: z.boolean().describe('False while the private key is kept elsewhere.'),
  notBefore: instant,
  notAfter: instant,
  pathLength: z.int().nullable(),
  purposes: z.array(z.string()).describe('What the certificates it issues may be for; empty: anything.'),
  permittedNames: z.array(z.string()),
  excludedNames: z.array(z.string()),
  crossCertified: z.boolean().describe('A root: the one before it certified it.'),
  exportedAt: instant.nullable().describe('When a copy of its key was handed out last.'),
  createdAt: instant,
  revokedAt: instant.nullable().describe('When it was revoked, or the nearest above it.'),
  revocationReason: z.string().nullable(),
  pem: z.string(),
})
export type AuthorityView = z.infer<typeof authorityView>

/** `GET /api/v1/certificate-authorities`, oldest first */
export const authorityList = z.object({ items: z.array(authorityView), next: z.string().nullable() })
export const authorityQuery = z.strictObject({
  cursor: z.string().max(1024).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(100),
})

/** `POST /api/v1/certificate-authorities` */
export const createAuthorityBody = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('root'), algorithm: z.enum(keyAlgorithms).default('P-256') }),
  z.strictObject({
    kind: z.literal('intermediate'),
    line: lineName,
    algorithm: z.enum(keyAlgorithms).default('P-256'),
    permittedNames: nameLimits.default([]).describe('Names it may certify; none: any.'),
    excludedNames: nameLimits.default([]).describe('Names it may not certify.'),
  }),
])
export type CreateAuthority = z.infer<typeof createAuthorityBody>

const pem = z.string().max(65_536)
const passphrase = z.string().min(1).max(1024)

export const importAuthorityBody = z.strictObject({
  certificate: pem.describe('PEM'),
  key: z.string().max(16_384).optional().describe('Its private key in PEM: PKCS #8, PKCS #1 or SEC 1.'),
  passphrase: passphrase.optional().describe('Opens the key, where it is encrypted.'),
  chain: pem.default('').describe('PEM of those above it, up to the root.'),
  line: lineName.optional().describe('What an intermediate is to issue for.'),
})

export const activatedView = z.object({
  activated: authorityView,
  retired: authorityView.nullable().describe('Who issued for the line until then.'),
  crossCertified: z.boolean(),
  advice: z.array(z.string()).describe('What people have to do now.'),
})
export const retiredView = z.object({ authority: authorityView, successor: authorityView.nullable() })

export const revokeAuthorityBody = z.strictObject({
  reason: z
    .enum([
      'unspecified',
      'keyCompromise',
      'affiliationChanged',
      'superseded',
      'cessationOfOperation',
      'privilegeWithdrawn',
    ])
    .default('unspecified'),
})

export const exportKeyBody = z.strictObject({
  passphrase: z.string().min(12, 'at least 12 characters: whoever has the file can try as long as they like').max(1024),
})
export const exportedKeyView = z.object({
  authority: authorityView,
  key: z.string().describe('PKCS #8 in PEM, encrypted with the passphrase; told this once.'),
  digest: z.string().describe('SHA-256 of that text: of the file it is written to as it is.'),
})
export const disconnectKeyBody = z.strictObject({ digest: sha256.describe('SHA-256 of the exported file.') })
export const reconnectKeyBody = z.strictObject({ key: z.string().max(16_384), passphrase: passphrase.optional() })

export const authorityRequestBody = z.strictObject({
  line: lineName,
  algorithm: z.enum(keyAlgorithms).default('P-256'),
  permittedNames: nameLimits.default([]),
  excludedNames: nameLimits.default([]),
})
export const authorityRequestView = z.object({
  id: z.string().describe("The authority's id, once it is signed."),
  line: z.string(),
  name: z.string(),
  pem: z.string().describe('PKCS #10, to be signed where the root is kept.'),
  createdAt: instant,
})
export type AuthorityRequestView = z.infer<typeof authorityRequestView>
export const authorityRequestList = z.object({ items: z.array(authorityRequestView), next: z.null() })
export const signedBody = z.strictObject({ certificate: pem, chain: pem.default('') })
