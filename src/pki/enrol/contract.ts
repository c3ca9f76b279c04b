import { z } from 'zod'
import { parseCidr } from '#kit'

const minute = 60_000
const day = 86_400_000

/** How long enrolment tokens last, in milliseconds. */
export const enrolmentTokenLife = { usual: day, longest: 30 * day, shortest: minute } as const
const mostEnrolmentUses = 1_000

const slug = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'lower-case letters, digits and inner hyphens, at most 63')
const network = z
  .string()
  .max(100)
  .refine(
    (text) => /^@[a-z0-9]([a-z0-9.-]{0,62}[a-z0-9])?$/.test(text) || parseCidr(text) !== undefined,
    'a network such as 10.0.0.0/8, 2001:db8::/32 or @office',
  )
const instant = z.iso.datetime()

/** `POST /api/v1/enrolment-tokens` */
export const newEnrolmentTokenBody = z
  .strictObject({
    label: z
      .string()
      .trim()
      .min(1)
      .max(100)
      .regex(/^\P{Cc}*$/u, 'no control characters')
      .describe('What it is for; people read it.'),
    profile: slug.describe('What may be enrolled with it.'),
    account: z.string().max(64).optional().describe('Handle or id of the account its certificates speak for.'),
    device: z.string().max(64).optional().describe('Name of the device; the first use makes it known.'),
    service: z.string().max(64).optional().describe('Name of the service; the first use makes it known.'),
    names: z
      .array(z.string().min(1).max(253))
      .max(50)
      .default([])
      .describe('Hosts and addresses the certificates carry, within what the profile allows.'),
    uses: z.int().min(1).max(mostEnrolmentUses).default(1).describe('How many certificates can be fetched with it.'),
    networks: z
      .array(network)
      .max(50)
      .default([])
      .describe('CIDRs or @named networks it works from; none: everywhere.'),
    endsAt: z.iso
      .datetime({ offset: true })
      .optional()
      .describe('When it ends: a minute to 30 days from now; a day when absent.'),
  })
  .refine(({ account, device, service }) => [account, device, service].filter((one) => one !== undefined).length <= 1, {
    message: 'it speaks for one holder',
    path: ['account'],
  })
export type NewEnrolmentTokenBody = z.infer<typeof newEnrolmentTokenBody>

export const enrolmentToken = z.object({
  id: z.string(),
  label: z.string(),
  profile: z.string(),
  holder: z
    .object({
      kind: z.enum(['account', 'device', 'service']),
      name: z.string(),
      id: z.string().nullable().describe('Null until the first use makes the device or service.'),
    })
    .nullable()
    .describe('Whom the certificates speak for; null for servers.'),
  names: z.array(z.string()).describe('Hosts and addresses its certificates carry.'),
  uses: z.int(),
  usesLeft: z.int(),
  networks: z.array(z.string()),
  state: z.enum(['open', 'used', 'ended', 'revoked']),
  madeBy: z.object({ kind: z.string(), id: z.string(), name: z.string() }),
  certificates: z.array(z.string()).describe('Ids of the certificates fetched with it, the last twenty.'),
  createdAt: instant,
  endsAt: instant,
  lastUsedAt: instant.nullable(),
  revokedAt: instant.nullable(),
})
export type EnrolmentTokenJson = z.infer<typeof enrolmentToken>

/** `GET /api/v1/enrolment-tokens`, newest first */
export const enrolmentTokenList = z.object({ items: z.array(enrolmentToken), next: z.string().nullable() })

/** The one answer that holds the secret. */
export const createdEnrolmentToken = z.object({
  enrolmentToken,
  secret: z.string().describe('Shown this once: gen_…'),
})

export const enrolmentTokenParams = z.strictObject({ id: z.string().regex(/^ent_[0-9a-f]{32}$/) })
export const enrolmentTokenQuery = z.strictObject({
  cursor: z.string().max(1024).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
})
