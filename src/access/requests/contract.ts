/** Asking for access and answering, as the API tells it. */
import { z } from 'zod'

const time = z.iso.datetime({ offset: true })
const day = 86_400
export const seconds = z
  .int()
  .min(60)
  .max(7 * day)
const reason = z.string().trim().min(1, 'say what it is for').max(500)

export const requestParams = z.strictObject({ request: z.string().max(100) })
export const requestQuery = z.strictObject({
  mine: z.enum(['true', 'false']).default('false').describe('`true`: what you asked for; else what you could grant.'),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(1024).optional(),
})
export const requestBody = z.strictObject({
  permission: z.string().min(1).max(512),
  reason,
  durationSeconds: seconds.default(3_600).describe('How long a grant is to last.'),
})
export const requestGrantBody = z.strictObject({
  durationSeconds: seconds.optional().describe('As long as was asked for when absent.'),
})
export const requestDeclineBody = z.strictObject({ words: z.string().trim().max(500).default('') })

const person = z.object({ id: z.string(), name: z.string() })
export const accessRequest = z.object({
  id: z.string(),
  requester: person,
  permission: z.string(),
  reason: z.string(),
  durationSeconds: z.int(),
  state: z.enum(['open', 'granted', 'declined', 'withdrawn', 'expired']),
  createdAt: time,
  expiresAt: time.describe('An open one goes away then.'),
  answeredAt: time.nullable(),
  answeredBy: person.nullable(),
  answer: z.string().describe('What was said with it.'),
  grant: z.string().nullable().describe('Id of the grant it became.'),
})
export const accessRequestList = z.object({
  items: z.array(accessRequest).describe('A page may hold fewer than the limit although there are more.'),
  next: z.string().nullable(),
})
