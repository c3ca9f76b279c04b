import { z } from 'zod'

/** Devices and services as API, CLI and pages speak of them: what certificates speak for besides accounts. */

const instant = z.iso.datetime()
const kind = z.enum(['device', 'service'])

export const holderView = z.object({
  id: z.string(),
  kind,
  name: z.string().describe('Stands in its certificates; never changes and is never used again.'),
  title: z.string().describe('What people call it; may be empty.'),
  createdAt: instant,
  createdBy: z.string().nullable().describe('Id of the principal that made it.'),
  certificates: z.int().describe('How many of its certificates stand.'),
  endsAt: instant.nullable().describe('When the last of them ends.'),
  lastSeenAt: instant.nullable().describe('When one of its certificates was last used here.'),
})
export type HolderView = z.infer<typeof holderView>

export const holderDetail = holderView.extend({
  roles: z.array(z.string()).describe('Roles it holds, through groups too.'),
  groups: z.array(z.string()),
})
export type HolderDetail = z.infer<typeof holderDetail>

export const holderList = z.object({ items: z.array(holderView), next: z.string().nullable() })

export const holderParams = z.strictObject({ id: z.string().max(64) })

export const holderQuery = z.strictObject({
  q: z
    .string()
    .trim()
    .toLowerCase()
    .max(80)
    .transform((text) => (text === '' ? undefined : text))
    .optional()
    .describe('Only those with this text in name or title.'),
  kind: z
    .union([z.literal('').transform(() => undefined), kind])
    .optional()
    .describe('Only devices, or only services.'),
  cursor: z.string().max(1024).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
})
export type HolderQuery = z.infer<typeof holderQuery>

const title = z.string().trim().max(100)

export const newHolderBody = z.strictObject({ kind, name: z.string().max(64), title: title.default('') })
export type NewHolderBody = z.infer<typeof newHolderBody>

export const holderPatch = z.strictObject({ title: title.optional() })
export type HolderPatch = z.infer<typeof holderPatch>
