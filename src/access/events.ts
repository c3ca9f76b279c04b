import { z } from 'zod'
import type { EventDeclaration, EventTable } from '#platform'

const permissions = z.array(z.string()).describe('Permission patterns.')
const cidrs = z.array(z.string()).describe('Networks in CIDR notation.')
const shown = { title: z.string(), description: z.string() }

const event = (summary: string, read: string, detail?: EventDeclaration['detail']): EventDeclaration =>
  detail === undefined ? { summary, read } : { summary, read, detail }

const asked = {
  requester: z.string().describe('Id of who asked.'),
  permission: z.string().describe('What for.'),
}

const member = z.object({
  member: z.string().describe('Id of the account, app or group.'),
  name: z.string().describe('Its handle or name.'),
})

const policyDetail = z
  .object({
    version: z.int().describe('The version in use afterwards.'),
    state: z.enum(['enforced', 'shadow', 'off']),
    before: z.object({ version: z.int(), state: z.string() }),
    reason: z.string(),
    sha256: z.string().describe('Of the text in use afterwards, hex.'),
  })
  .partial()

/** What may be told of this room's changes. */
export const events: EventTable = {
  'groups.create': event('A group was made.', 'groups:read:{name}'),
  'groups.update': event("A group's title or description was changed.", 'groups:read:{name}', z.object(shown)),
  'groups.delete': event('A group was deleted; its members lost what came through it.', 'groups:read:{name}'),
  'groups.add-member': event('Somebody, or a group, joined a group.', 'groups:read:{name}', member),
  'groups.remove-member': event('Somebody, or a group, left a group.', 'groups:read:{name}', member),
  'networks.create': event('A named network was made.', 'networks:read:{name}', z.object({ cidrs })),
  'networks.update': event(
    'A named network was changed.',
    'networks:read:{name}',
    z.object({ title: z.string(), before: cidrs.optional(), cidrs }),
  ),
  'networks.delete': event('A named network was deleted.', 'networks:read:{name}', z.object({ cidrs })),
  'roles.create': event('A role was made.', 'roles:read:{name}', z.object({ permissions })),
  'roles.update': event(
    'What a role holds, or how it is shown, was changed.',
    'roles:read:{name}',
    z.object({ ...shown, before: permissions, permissions }).partial(),
  ),
  'roles.delete': event(
    'A role was deleted and taken from all who held it.',
    'roles:read:{name}',
    z.object({ permissions }),
  ),
  'roles.give': event(
    'A role was given.',
    'roles:read:{name}',
    z.object({ to: z.string().describe('Id of who holds it now.'), name: z.string().describe('Its handle or name.') }),
  ),
  'roles.take': event(
    'A role was taken away.',
    'roles:read:{name}',
    z.object({ from: z.string().describe('Id of who held it.'), name: z.string().describe('Its handle or name.') }),
  ),
  'grants.create': event(
    'Somebody lent permissions of their own.',
    'grants:read:{id}',
    z.object({
      grantee: z.string().describe('Id of who may use them.'),
      permissions,
      startsAt: z.int().describe('Milliseconds since 1970.'),
      endsAt: z.int().nullable().describe('Milliseconds since 1970; null: until it is revoked.'),
    }),
  ),
  'grants.revoke': event(
    'A grant was ended.',
    'grants:read:{id}',
    z.object({ grantor: z.string().describe('Id of who gave it.'), grantee: z.string().describe('Id of who had it.') }),
  ),
  'access-requests.create': event(
    'Somebody asked for access.',
    'grants:read',
    z.object({
      ...asked,
      reason: z.string().describe('In their own words.'),
      seconds: z.int().describe('For how long.'),
    }),
  ),
  'access-requests.grant': event(
    'A request for access was granted, for a time.',
    'grants:read',
    z.object({
      ...asked,
      grant: z.string().describe('Id of the grant.'),
      endsAt: z.int().describe('Milliseconds since 1970.'),
    }),
  ),
  'access-requests.decline': event(
    'A request for access was declined.',
    'grants:read',
    z.object({ ...asked, words: z.string().describe('What was said with it.') }),
  ),
  'access-requests.withdraw': event('Somebody took their request for access back.', 'grants:read', z.object(asked)),
  'access-requests.expire': event(
    'Requests nobody answered in time went away.',
    'grants:read',
    z.object({ requests: z.int().describe('How many.') }),
  ),
  'policies.create': event('A policy was written.', 'policies:read:{name}', policyDetail),
  'policies.update': event('A policy was changed.', 'policies:read:{name}', policyDetail),
  'policies.rollback': event('A policy went back to an earlier text.', 'policies:read:{name}', policyDetail),
  'policies.delete': event('A policy was deleted.', 'policies:read:{name}', policyDetail),
  'principals.remove': event('All that somebody held was taken away, because they are gone.', 'roles:read'),
}
