import { z } from 'zod'
import type { EventTable } from '#platform'

/** What may be told of this room's changes; each change of a thing is told by the room it belongs to. */
export const events: EventTable = {
  'state.apply': {
    summary: 'A file of declared state was applied.',
    read: 'audit:read',
    detail: z.object({
      created: z.int().describe('How many things were made.'),
      updated: z.int().describe('How many were changed.'),
      deleted: z.int().describe('How many were deleted.'),
    }),
  },
}
