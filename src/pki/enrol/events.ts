import { z } from 'zod'
import type { EventTable } from '#platform'

const holder = z.string().nullable().describe('Whom its certificates speak for: kind and name.')

/** What may be told of enrolment. */
export const enrolEvents: EventTable = {
  'enrolment-tokens.create': {
    summary: 'An enrolment token was made.',
    read: 'enrolment-tokens:read',
    detail: z.object({
      profile: z.string().describe('What can be enrolled with it.'),
      holder,
      names: z.array(z.string()).describe('Hosts and addresses in its certificates.'),
      uses: z.int(),
      networks: z.array(z.string()).describe('From where it can be used; empty: from everywhere.'),
      endsAt: z.iso.datetime(),
    }),
  },
  'enrolment-tokens.use': {
    summary: 'A certificate was fetched with an enrolment token.',
    read: 'enrolment-tokens:read',
    detail: z.object({ certificate: z.string().describe('Its id.'), usesLeft: z.int() }),
  },
  'enrolment-tokens.revoke': {
    summary: 'An enrolment token was revoked.',
    read: 'enrolment-tokens:read',
    detail: z.object({}),
  },
}
