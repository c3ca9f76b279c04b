import { z } from 'zod'
import type { EventTable } from '#platform'

/** What may be told of this room's changes. */
export const events: EventTable = {
  'mails.test': { summary: 'A test mail was sent.', read: 'mail:read' },
  'mails.give-up': {
    summary: 'A mail could not be sent and was given up.',
    read: 'mail:read',
    detail: z.object({
      purpose: z.string().describe('What it was: identity.invitation.'),
      attempts: z.int(),
      reason: z.enum(['refused', 'failing', 'expired']).describe('Why.'),
    }),
  },
}
