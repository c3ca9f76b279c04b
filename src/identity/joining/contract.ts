import { z } from 'zod'

const time = z.iso.datetime()
const mode = z.enum(['off', 'invitation', 'open'])
const name = z.string().min(1).max(100)

/** Who may join. */
export const joiningBody = z.strictObject({ mode })

export const newInvitationBody = z.strictObject({
  /** Absent: whoever joins chooses. */
  handle: z.string().min(1).max(1024).optional(),
  displayName: z.string().max(400).optional(),
  /** Where the link is sent, when there is mail. */
  email: z.string().max(300).optional(),
  roles: z.array(name).max(50).default([]),
  groups: z.array(name).max(50).default([]),
  /** A week when absent, 30 days at most. */
  expiresInHours: z.int().min(1).max(720).default(168),
})

export const invitationBody = z.strictObject({
  id: z.string(),
  state: z.enum(['open', 'expired', 'accepted', 'cancelled']),
  invitedBy: z.strictObject({ kind: z.string(), id: z.string(), name: z.string() }),
  handle: z.string().nullable(),
  displayName: z.string().nullable(),
  email: z.string().nullable(),
  roles: z.array(z.string()),
  groups: z.array(z.string()),
  /** Who joined by it. */
  accountId: z.string().nullable(),
  createdAt: time,
  expiresAt: time,
  settledAt: time.nullable(),
})

export const invitationQuery = z.strictObject({
  cursor: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
})
export const invitationList = z.strictObject({ items: z.array(invitationBody), next: z.string().nullable() })

export const madeInvitation = z.strictObject({
  invitation: invitationBody,
  /** Shown this once. */
  link: z.string(),
  /** Whether another link is on its way to the address. */
  mailed: z.boolean(),
})
