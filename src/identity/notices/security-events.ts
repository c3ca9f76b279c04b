import { throughOf } from '#kit'
import { type AuditRecord, type Ctx, type JournalValue, listAudit } from '#platform'
import { listAllCredentialIds } from '../credentials/credential-store.ts'
import { credentialKinds, isCredentialKind } from '../credentials/kinds.ts'
import type { Parts } from '../parts.ts'
import { listRecentSessionIds } from '../session-store.ts'

const day = 24 * 60 * 60_000
const shownFor = 90 * day
const mostShown = 30

/** Something that happened to how an account signs in. */
export interface SecurityEvent {
  readonly at: number
  /** `sessions.open`, as in the journal. */
  readonly action: string
  /** In a sentence. */
  readonly text: string
  /** Whoever did it, when it was not the account itself. */
  readonly by: string | undefined
  readonly address: string | undefined
  readonly region: string | undefined
  /** Worth a look: a failure, somewhere new, somebody else. */
  readonly isNotable: boolean
}

type Detail = Readonly<Record<string, JournalValue>>

/** What is shown, in words. What is not named here is not about signing in. */
const words: Readonly<Record<string, (detail: Detail) => string>> = {
  'sessions.open': ({ kind, host }) =>
    typeof host === 'string' ? `Opened ${host}` : `Signed in${typeof kind === 'string' ? ` with a ${kind}` : ''}`,
  'sessions.prove': ({ kind }) => `Proved again who it is${typeof kind === 'string' ? ` with a ${kind}` : ''}`,
  'sessions.end': ({ reason }) => (reason === 'signed-out' ? 'Signed out' : 'A session was ended'),
  'sessions.end-others': () => 'Signed out everywhere else',
  'sessions.end-all': () => 'All sessions were ended',
  'tokens.revoke-all': () => 'All API tokens were revoked',
  'sign-ins.fail': () => 'A sign-in failed',
  'sign-ins.half': () => 'A sign-in waited for the second factor',
  'sign-ins.new-place': ({ client }) => `Signed in from somewhere new: ${typeof client === 'string' ? client : ''}`,
  'passwords.change': () => 'The password was changed',
  'passwords.reset': () => 'The password was reset',
  'passwords.recover': () => 'A new password was set by a one-time link',
  'passwords.leak': () => 'The password was found to have leaked',
  'recovery-links.create': ({ by }) =>
    by === 'mail' ? 'A link to get back in was asked for by mail' : 'A link to get back in was made',
  'credentials.create': ({ kind }) => `${kindInWords(kind)} was added`,
  'credentials.reset': ({ kind }) => `${kindInWords(kind)} was reset`,
  'credentials.rename': ({ kind }) => `${kindInWords(kind)} was renamed`,
  'credentials.revoke': ({ kind }) => `${kindInWords(kind)} was revoked`,
  'tokens.create': () => 'An API token was made',
  'tokens.revoke': () => 'An API token was revoked',
  'accounts.join': () => 'The account was made',
  'accounts.verify-address': () => 'A mail address was proved',
  'accounts.disable': () => 'The account was disabled',
  'accounts.enable': () => 'The account was enabled',
  'accounts.suspend': () => 'The account was suspended',
  'accounts.unsuspend': () => 'The suspension was lifted',
}

function kindInWords(kind: JournalValue | undefined): string {
  if (typeof kind !== 'string' || !isCredentialKind(kind)) return 'A way to sign in'
  const { title } = credentialKinds[kind]
  return title.charAt(0).toUpperCase() + title.slice(1)
}

const notable = new Set(['sign-ins.fail', 'sign-ins.new-place', 'passwords.leak', 'passwords.recover'])

/**
 * What happened lately to how an account signs in, from the journal, newest first, ninety days back: by itself, and by
 * others to it, its credentials and its sessions. A session with a limited credential sees what came of that alone. Asks
 * nobody: the page did.
 */
export async function recentSecurityEvents(
  parts: Parts,
  ctx: Ctx,
  accountId: string,
): Promise<readonly SecurityEvent[]> {
  const { db } = ctx
  const from = ctx.now - shownFor
  const page = { limit: mostShown }
  const prefixes = ['sessions.', 'sign-ins.', 'passwords.', 'credentials.', 'tokens.', 'accounts.']
  const own = prefixes.map((actionPrefix) => listAudit(db, { actorId: accountId, actionPrefix, from }, page))
  const credentialIds = await listAllCredentialIds(db, accountId, 200)
  const sessionIds = await listRecentSessionIds(db, accountId, 100)
  const about = [
    { targetType: 'account', targetId: accountId, from },
    ...(credentialIds.length === 0 ? [] : [{ targetType: 'credential', targetIds: credentialIds, from }]),
    ...(sessionIds.length === 0 ? [] : [{ targetType: 'session', targetIds: sessionIds, from }]),
  ].map((filter) => listAudit(db, filter, page))
  const records = new Map((await Promise.all([...own, ...about])).flat().map((record) => [record.id, record]))
  return [...records.values()]
    .filter((record) => isAbout(record, accountId) && isVisible(record, ctx))
    .toSorted((a, b) => b.position - a.position)
    .slice(0, mostShown)
    .flatMap((record) => eventOf(parts, record, accountId))
}

/** Of what the account did itself, only what it did to itself. */
function isAbout({ action, actor, target, outcome }: AuditRecord, accountId: string): boolean {
  if (outcome !== 'done' || words[action] === undefined) return false
  if (actor.id !== accountId || target?.type !== 'account') return true
  return target.id === accountId
}

function isVisible({ credentialId, detail }: AuditRecord, { actor }: Ctx): boolean {
  const through = throughOf(actor)
  if (through === undefined || through.permissions.includes('*')) return true
  const ids = [actor.credential, ...(actor.factors ?? [])].map((one) => one?.id)
  return ids.includes(credentialId) || ids.some((id) => id !== undefined && id === detail?.['credential'])
}

function eventOf({ kernel }: Parts, record: AuditRecord, accountId: string): readonly SecurityEvent[] {
  const say = words[record.action]
  if (say === undefined) return []
  const { actor, address, action, at } = record
  const other = actor.id !== accountId && actor.kind !== 'anonymous'
  return [
    {
      at,
      action,
      text: say(record.detail ?? {}),
      by: other ? actor.name : undefined,
      // where somebody else was is not this person's to know
      address: other ? undefined : address,
      region: other ? undefined : kernel.regions.regionOf(address),
      isNotable: other || notable.has(action),
    },
  ]
}
