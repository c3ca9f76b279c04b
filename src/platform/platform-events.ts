import { z } from 'zod'
import type { EventTable } from './events/announcement.ts'

/** What may be told of the platform's own changes. */
export const platformEvents: EventTable = {
  'configuration.reload': {
    summary: 'Configuration or certificates of files were read again, and something changed.',
    read: 'configuration:reload',
    detail: z.object({
      applied: z.array(z.string()).describe('Settings that changed and hold from now on.'),
      needRestart: z.array(z.string()).describe('Settings that changed and hold from the next start on.'),
      certificates: z.array(z.string()).describe('Files of certificates that were replaced.'),
    }),
  },
}
