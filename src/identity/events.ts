import { z } from 'zod'
import type { EventDeclaration, EventTable } from '#platform'

const sessionsEnded = z.int().describe('How many sessions ended with it.')
const tokensRevoked = z.int().describe('How many tokens were revoked with it.')
const reason = z.string()

const event = (summary: string, read: string, detail?: EventDeclaration['detail']): EventDeclaration =>
  detail === undefined ? { summary, read } : { summary, read, detail }

const account = 'accounts:read:{id}'
const credential = 'credentials:read:{id}'
const credentialDetail = z
  .object({
    account: z.string().describe('Id of whose it is.'),
    kind: z.string().describe('password, passkey, totp, recovery-codes, key, shared-secret or certificate.'),
    sessionsEnded,
    tokensRevoked,
    reason,
  })
  .partial()
const password = z.object({ credential: z.string().describe('Id of the password.'), sessionsEnded, tokensRevoked })

const invitations = 'accounts:create'
const invitation = z.object({
  roles: z.array(z.string()).describe('Roles it gives, by name.'),
  groups: z.array(z.string()).describe('Groups it leads into, by name.'),
  expiresAt: z.int().describe('Milliseconds since 1970.'),
  mailed: z.boolean().describe('Whether a link was sent by mail.'),
})

/** What may be told of this room's changes. */
export const events: EventTable = {
  'setup.complete': event(
    'Gatehouse was set up: its first administrator exists.',
    account,
    z.object({ by: z.enum(['local', 'link']).describe('On the machine itself, or by the link printed there.') }),
  ),
  'accounts.create': event('An account was made.', account),
  'accounts.update': event(
    "An account's profile was changed.",
    account,
    z.object({ changed: z.array(z.string()).describe('Names of the changed fields, not their contents.') }),
  ),
  'accounts.disable': event('An account was disabled; its sessions ended.', account, z.object({ sessionsEnded })),
  'accounts.enable': event('A disabled account was enabled again.', account),
  'accounts.delete': event(
    'An account was deleted; its handle stays taken.',
    account,
    z.object({ sessionsEnded, credentialsRevoked: z.int() }),
  ),
  'sign-ins.fail': event('Somebody failed to sign in. Without a target where the handle is unknown.', account),
  'sessions.open': event(
    'Somebody signed in, or opened an app as who they are signed in.',
    'sessions:read:{id}',
    z
      .object({
        credential: z.string().describe('Id of what proved them.'),
        kind: z.string().describe('Its kind: password.'),
        factors: z.array(z.string()).describe('Ids of further credentials that were proved.'),
        host: z.string().describe('Host of the app, for a session there.'),
      })
      .partial(),
  ),
  'sign-ins.half': event(
    'Somebody proved a first factor; a second is awaited.',
    account,
    z.object({
      credential: z.string().describe('Id of what was proved.'),
      kind: z.string(),
      phishingResistant: z.boolean().describe('Whether the second must be a passkey or certificate.'),
    }),
  ),
  'sessions.prove': event(
    'Somebody proved themselves again in a session.',
    'sessions:read:{id}',
    z.object({ credential: z.string().describe('Id of what proved them.'), kind: z.string() }),
  ),
  'sessions.rotate': event(
    'A session got a new token, because what its account holds changed.',
    'sessions:read:{id}',
    z.object({ reason }),
  ),
  'sessions.end': event('A session ended.', 'sessions:read:{id}', z.object({ reason })),
  'sessions.end-others': event(
    'Somebody ended all sessions of an account but one.',
    'sessions:read:{id}',
    z.object({ sessionsEnded, tokensRevoked }),
  ),
  'sessions.end-all': event(
    'All sessions of an account were ended.',
    'sessions:read:{id}',
    z.object({ sessionsEnded, tokensRevoked }),
  ),
  'passwords.leak': event(
    'A password that was right turned out to have leaked; from now on it opens nothing but its own change.',
    account,
    z.object({ credential: z.string().describe('Id of the password.') }),
  ),
  'passwords.change': event('Somebody changed their password; their other sessions ended.', account, password),
  'passwords.reset': event("Somebody else's password was reset; their sessions ended.", account, password),
  'credentials.create': event('A way to sign in was made.', credential, credentialDetail),
  'credentials.reset': event(
    'A way to sign in got a new secret; what the old one opened ended.',
    credential,
    credentialDetail,
  ),
  'credentials.rename': event('A way to sign in was renamed.', credential, credentialDetail),
  'credentials.revoke': event('A way to sign in was revoked; what it opened ended.', credential, credentialDetail),
  'tokens.create': event(
    'An API token was made.',
    'tokens:read:{id}',
    z.object({
      permissions: z.array(z.string()).describe('Permission patterns it may use at most.'),
      expiresAt: z.int().nullable().describe('Milliseconds since 1970; null: never.'),
    }),
  ),
  'tokens.revoke': event('An API token was revoked.', 'tokens:read:{id}'),
  'tokens.revoke-all': event(
    'All API tokens of an account were revoked at once, those of its command lines included.',
    'tokens:read:{id}',
    z.object({ tokensRevoked }),
  ),
  'accounts.join': event(
    'Somebody made their account by an invitation or by proving their address.',
    account,
    z.object({ by: z.enum(['invitation', 'address']) }),
  ),
  'joining.set': event(
    'Who may join was changed.',
    'accounts:read',
    z.object({ before: z.enum(['off', 'invitation', 'open']), mode: z.enum(['off', 'invitation', 'open']) }),
  ),
  'invitations.create': event('Somebody was invited.', invitations, invitation),
  'invitations.resend': event('An invitation got new links; the former open nothing.', invitations, invitation),
  'invitations.cancel': event('An invitation was cancelled.', invitations, invitation.omit({ mailed: true })),
  'invitations.accept': event(
    'An invitation was accepted.',
    invitations,
    z.object({
      account: z.string().describe('Id of the account that was made.'),
      addressProven: z.boolean().describe('Whether the link came from the mail to its address.'),
    }),
  ),
  'passwords.recover': event(
    'Somebody set a new password by a one-time link; what the old one opened ended.',
    account,
    password,
  ),
  'recovery-links.create': event(
    'A one-time link to get back in was made.',
    account,
    z.object({
      by: z.enum(['administrator', 'mail']).describe('Who asked: an administrator, or the person by mail.'),
      secondFactors: z.boolean().describe('Whether it takes the second factors away as well.'),
      mailed: z.boolean(),
    }),
  ),
  'accounts.verify-address': event(
    'Somebody proved that they read mail to an address; it is their account’s now.',
    account,
  ),
  'accounts.suspend': event(
    'An account was suspended until a time; its sessions ended.',
    account,
    z.object({ until: z.int().describe('Milliseconds since 1970.'), reason, sessionsEnded }),
  ),
  'accounts.unsuspend': event(
    'A suspension was lifted.',
    account,
    z.object({ by: z.enum(['person', 'time']).describe('Before its time by somebody, or because it was over.') }),
  ),
  'sign-ins.new-place': event(
    'Somebody signed in from a client or region new to their account.',
    account,
    z.object({
      client: z.string().describe('What it calls itself, without versions.'),
      region: z.string().nullable().describe('Country of the address; null: unknown.'),
      new: z.array(z.enum(['client', 'region'])).describe('Which of them is new.'),
    }),
  ),
}
