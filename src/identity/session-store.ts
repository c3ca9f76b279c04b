import type { ActorCredential, Assurance } from '#kit'
import { type Db, fixedQuery, type Queries, tables } from '#platform'
import { leakedOf, lentBy, limitsOf } from './credentials/credential.ts'
import type { IdentityTables, SessionRow } from './tables.ts'

/** A session without its token. */
export interface Session {
  readonly id: string
  readonly accountId: string
  readonly credentialId: string
  /** The console session this app-host session hangs on. */
  readonly parentId: string | undefined
  /** The app host it is for; absent for the console's own. */
  readonly host: string | undefined
  /** What the browser or program called itself; shown, never trusted. */
  readonly client: string
  readonly createdAt: number
  readonly createdAddress: string | undefined
  /** The absolute end. */
  readonly endsAt: number
  /** At most a minute behind. */
  readonly lastSeenAt: number
  readonly lastSeenAddress: string | undefined
  readonly createdRegion: string | undefined
  readonly lastSeenRegion: string | undefined
  /** When its person last proved themselves in it. A child's are its parent's, and so is what follows. */
  readonly provedAt: number
  readonly assurance: Assurance
}

/** Everything a use of a session is judged by, read in one query. */
export interface StandingSession {
  readonly session: Session
  readonly handle: string
  readonly accountState: string
  readonly credential: ActorCredential
  /** It leaked, and lends only its own change. */
  readonly mustChange: boolean
  /** Further credentials it rests on. */
  readonly factors: readonly ActorCredential[]
  /** Those of them all that were revoked. */
  readonly revoked: readonly ActorCredential[]
  /** It was ended, or its parent. */
  readonly isEnded: boolean
  readonly parent: { readonly lastSeenAt: number; readonly endsAt: number } | undefined
  /** Set when it was found by the token before its present one: from then on that opens nothing. */
  readonly formerUntil: number | undefined
}

/** @param holdings what its account holds as it begins; absent for those of app hosts, whose tokens never move */
export async function insertSession(db: Db, session: Session, tokenHash: string, holdings?: string): Promise<void> {
  const { factors, phishingResistant } = session.assurance
  await sessionInserted(db, { ...session, tokenHash, holdings, factors, resistant: phishingResistant ? 1 : 0 })
}

interface NewSession extends Omit<Session, 'assurance'> {
  readonly tokenHash: string
  readonly holdings: string | undefined
  readonly factors: number
  readonly resistant: number
}

const sessionInserted = fixedQuery((queries: Queries<IdentityTables>, session: NewSession) =>
  queries.insertInto('identity_sessions').values({
    id: session.id,
    token_hash: session.tokenHash,
    account_id: session.accountId,
    credential_id: session.credentialId,
    parent_id: session.parentId ?? null,
    host: session.host ?? null,
    client: session.client,
    created_at: session.createdAt,
    created_address: session.createdAddress ?? null,
    ends_at: session.endsAt,
    last_seen_at: session.lastSeenAt,
    last_seen_address: session.lastSeenAddress ?? null,
    ended_at: null,
    end_reason: null,
    holdings: session.holdings ?? null,
    former_hash: null,
    former_until: null,
    created_region: session.createdRegion ?? null,
    last_seen_region: session.lastSeenRegion ?? null,
    proved_at: session.provedAt,
    factors: session.factors,
    phishing_resistant: session.resistant,
  }),
)

/** The unended session of a token whose parent, if it has one, is unended too. Times are the caller's to judge. */
export async function findSessionByToken(db: Db, tokenHash: string): Promise<StandingSession | undefined> {
  const found = await findSessionEvenEnded(db, tokenHash)
  return found?.isEnded === false ? found : undefined
}

/** The session of a token, ended ones too, for as long as they are kept. */
export async function findSessionEvenEnded(db: Db, tokenHash: string): Promise<StandingSession | undefined> {
  const { rows } = await sessionsByToken(db, { tokenHash })
  const [row] = rows
  if (row === undefined) return undefined
  const { parent_seen_at: lastSeenAt, parent_ends_at: endsAt } = row
  const session = sessionOf({
    ...row,
    proved_at: row.parent_proved_at ?? row.proved_at,
    factors: row.parent_factors ?? row.factors,
    phishing_resistant: row.parent_phishing_resistant ?? row.phishing_resistant,
  })
  // one factor and no other credential is the common case, and then there is nothing more to read
  const factors = session.assurance.factors === 1 ? [] : await findFactors(db, row.parent_id ?? row.id)
  const credential = lentBy(row)
  const further = factors.map((factor) => ({ id: factor.id, kind: factor.kind, ...limitsOf(factor) }))
  return {
    session,
    factors: further,
    revoked: [
      ...(row.revoked_at === null ? [] : [credential]),
      ...further.filter((_, at) => factors[at]?.revoked_at !== null),
    ],
    isEnded: row.ended_at !== null || row.parent_ended_at !== null,
    handle: row.handle,
    accountState: row.state,
    credential,
    mustChange: leakedOf(row) !== undefined,
    parent: lastSeenAt === null || endsAt === null ? undefined : { lastSeenAt, endsAt },
    formerUntil: row.token_hash === tokenHash ? undefined : (row.former_until ?? 0),
  }
}

/** Named one by one, so that PostgreSQL can keep the plan of the query every uncached request asks. */
const sessionColumns = [
  's.id',
  's.token_hash',
  's.former_until',
  's.account_id',
  's.credential_id',
  's.parent_id',
  's.host',
  's.client',
  's.created_at',
  's.created_address',
  's.created_region',
  's.ends_at',
  's.last_seen_at',
  's.last_seen_address',
  's.last_seen_region',
  's.proved_at',
  's.factors',
  's.phishing_resistant',
] as const

const sessionsByToken = fixedQuery((queries: Queries<IdentityTables>, { tokenHash }: { readonly tokenHash: string }) =>
  queries
    .selectFrom('identity_sessions as s')
    .innerJoin('identity_accounts as a', 'a.id', 's.account_id')
    .innerJoin('identity_credentials as c', 'c.id', 's.credential_id')
    .leftJoin('identity_sessions as p', 'p.id', 's.parent_id')
    .select(sessionColumns)
    .select(['a.handle', 'a.state', 'c.kind', 'c.permissions', 'c.networks', 'c.regions', 'c.expires_at'])
    .select(['c.revoked_at', 'c.material'])
    .select(['s.ended_at', 'p.ended_at as parent_ended_at'])
    .select(['p.last_seen_at as parent_seen_at', 'p.ends_at as parent_ends_at'])
    .select(['p.proved_at as parent_proved_at', 'p.factors as parent_factors'])
    .select('p.phishing_resistant as parent_phishing_resistant')
    .where((e) => e.or([e('s.token_hash', '=', tokenHash), e('s.former_hash', '=', tokenHash)])),
)

async function findFactors(db: Db, sessionId: string) {
  return (await factorsOf(db, { sessionId })).rows
}

const factorsOf = fixedQuery((queries: Queries<IdentityTables>, { sessionId }: { readonly sessionId: string }) =>
  queries
    .selectFrom('identity_session_factors as f')
    .innerJoin('identity_credentials as c', 'c.id', 'f.credential_id')
    .select(['c.id', 'c.kind', 'c.permissions', 'c.networks', 'c.regions', 'c.expires_at', 'c.revoked_at'])
    .where('f.session_id', '=', sessionId)
    .orderBy('c.id'),
)

/** Lets a console session rest on one more credential. */
export async function addSessionFactor(db: Db, id: string, credentialId: string, now: number): Promise<void> {
  await tables<IdentityTables>(db)
    .insertInto('identity_session_factors')
    .values({ session_id: id, credential_id: credentialId, proved_at: now })
    .onConflict((conflict) => conflict.columns(['session_id', 'credential_id']).doUpdateSet({ proved_at: now }))
    .execute()
}

export async function markSessionProved(db: Db, id: string, now: number, assurance: Assurance): Promise<void> {
  await tables<IdentityTables>(db)
    .updateTable('identity_sessions')
    .set({
      proved_at: now,
      factors: assurance.factors,
      phishing_resistant: assurance.phishingResistant ? 1 : 0,
    })
    .where('id', '=', id)
    .where('ended_at', 'is', null)
    .execute()
}

/** Unended; its times are not judged. */
export async function findSessionById(db: Db, id: string): Promise<Session | undefined> {
  const row = await tables<IdentityTables>(db)
    .selectFrom('identity_sessions')
    .selectAll()
    .where('id', '=', id)
    .where('ended_at', 'is', null)
    .executeTakeFirst()
  return row && sessionOf(row)
}

/** Unended and not past their ends, newest first; children beside their parents. */
export async function listSessions(
  db: Db,
  accountId: string,
  now: number,
  seenSince: number,
): Promise<readonly Session[]> {
  const rows = await tables<IdentityTables>(db)
    .selectFrom('identity_sessions')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('ended_at', 'is', null)
    .where('ends_at', '>', now)
    .where('last_seen_at', '>', seenSince)
    .orderBy('id', 'desc')
    .limit(500)
    .execute()
  return rows.map(sessionOf)
}

/** Ids of an account's sessions, ended ones too while they are kept, newest first. */
export async function listRecentSessionIds(db: Db, accountId: string, limit: number): Promise<readonly string[]> {
  const rows = await tables<IdentityTables>(db)
    .selectFrom('identity_sessions')
    .select('id')
    .where('account_id', '=', accountId)
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
  return rows.map(({ id }) => id)
}

/** Gives a session a new token: the old one opens nothing from commit on. */
export async function replaceToken(db: Db, id: string, tokenHash: string): Promise<boolean> {
  const result = await tables<IdentityTables>(db)
    .updateTable('identity_sessions')
    .set({ token_hash: tokenHash, former_hash: null, former_until: null })
    .where('id', '=', id)
    .where('ended_at', 'is', null)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** What its account held when the session's token was made; `undefined` when that was never noted. */
export async function findSessionHoldings(db: Db, id: string): Promise<string | undefined> {
  const row = await tables<IdentityTables>(db)
    .selectFrom('identity_sessions')
    .select('holdings')
    .where('id', '=', id)
    .executeTakeFirst()
  return row?.holdings ?? undefined
}

export async function noteHoldings(db: Db, id: string, holdings: string): Promise<void> {
  await tables<IdentityTables>(db).updateTable('identity_sessions').set({ holdings }).where('id', '=', id).execute()
}

/** Puts a fresh token in the place of the former; false when the former is no longer the session's present one. */
export async function moveToken(
  db: Db,
  id: string,
  move: {
    readonly former: { readonly hash: string; readonly until: number }
    readonly fresh: string
    readonly holdings: string
  },
): Promise<boolean> {
  const { former, fresh, holdings } = move
  const result = await tables<IdentityTables>(db)
    .updateTable('identity_sessions')
    .set({ token_hash: fresh, former_hash: former.hash, former_until: former.until, holdings })
    .where('id', '=', id)
    .where('token_hash', '=', former.hash)
    .where('ended_at', 'is', null)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** Which sessions an end concerns. Children end with their parents. */
export type SessionChoice =
  | { readonly id: string }
  | { readonly accountId: string; readonly except?: string }
  | { readonly credentialId: string; readonly except?: string }

/** Ends them and answers how many people's sessions (children not counted) that were. */
export async function endSessions(db: Db, choice: SessionChoice, reason: string, now: number): Promise<number> {
  const update = tables<IdentityTables>(db)
    .updateTable('identity_sessions')
    .set({ ended_at: now, end_reason: reason })
    .where('ended_at', 'is', null)
  if ('id' in choice) {
    await update.where('parent_id', '=', choice.id).execute()
    return Number((await update.where('id', '=', choice.id).executeTakeFirst()).numUpdatedRows)
  }
  const resting = 'credentialId' in choice ? await restingOn(db, choice.credentialId) : []
  let chosen =
    'accountId' in choice
      ? update.where('account_id', '=', choice.accountId)
      : update.where((e) => {
          const begun = e('credential_id', '=', choice.credentialId)
          return resting.length === 0 ? begun : e.or([begun, e('id', 'in', resting), e('parent_id', 'in', resting)])
        })
  const { except } = choice
  if (except !== undefined) {
    chosen = chosen
      .where('id', '!=', except)
      .where((e) => e.or([e('parent_id', 'is', null), e('parent_id', '!=', except)]))
  }
  // children first, so that the second count is of sessions people opened
  await chosen.where('parent_id', 'is not', null).execute()
  return Number((await chosen.where('parent_id', 'is', null).executeTakeFirst()).numUpdatedRows)
}

/** Sessions in which it was a further factor. */
async function restingOn(db: Db, credentialId: string): Promise<string[]> {
  const rows = await tables<IdentityTables>(db)
    .selectFrom('identity_session_factors')
    .select('session_id')
    .where('credential_id', '=', credentialId)
    .execute()
  return rows.map((row) => row.session_id)
}

/** Open console sessions that rest on a credential, as first or further factor. */
export async function countSessionsOn(db: Db, credentialId: string, now: number): Promise<number> {
  const resting = await restingOn(db, credentialId)
  const row = await tables<IdentityTables>(db)
    .selectFrom('identity_sessions')
    .select((e) => e.fn.countAll<number>().as('count'))
    .where('ended_at', 'is', null)
    .where('parent_id', 'is', null)
    .where('ends_at', '>', now)
    .where((e) => {
      const begun = e('credential_id', '=', credentialId)
      return resting.length === 0 ? begun : e.or([begun, e('id', 'in', resting)])
    })
    .executeTakeFirstOrThrow()
  return Number(row.count)
}

/** Moves last-seen forward, never back. */
export async function noteSessionUse(
  db: Db,
  id: string,
  {
    at,
    address,
    region,
  }: { readonly at: number; readonly address: string | undefined; readonly region: string | undefined },
): Promise<void> {
  await tables<IdentityTables>(db)
    .updateTable('identity_sessions')
    .set({ last_seen_at: at, last_seen_address: address ?? null, last_seen_region: region ?? null })
    .where('id', '=', id)
    .where('last_seen_at', '<', at)
    .execute()
}

/** Removes sessions whose end lies before `before`. */
export async function forgetSessions(db: Db, before: number): Promise<number> {
  const rows = tables<IdentityTables>(db)
  const old = rows
    .deleteFrom('identity_sessions')
    .where((e) => e.or([e('ends_at', '<', before), e('ended_at', '<', before)]))
  const children = await old.where('parent_id', 'is not', null).executeTakeFirst()
  const parents = await old
    .where('id', 'not in', (e) =>
      e.selectFrom('identity_sessions as k').select('k.parent_id').where('k.parent_id', 'is not', null),
    )
    .executeTakeFirst()
  return Number(children.numDeletedRows + parents.numDeletedRows)
}

type TokenColumns = 'token_hash' | 'former_hash' | 'former_until' | 'holdings' | 'ended_at' | 'end_reason'

function sessionOf(row: Omit<SessionRow, TokenColumns>): Session {
  return {
    id: row.id,
    accountId: row.account_id,
    credentialId: row.credential_id,
    parentId: row.parent_id ?? undefined,
    host: row.host ?? undefined,
    client: row.client,
    createdAt: row.created_at,
    createdAddress: row.created_address ?? undefined,
    endsAt: row.ends_at,
    lastSeenAt: row.last_seen_at,
    lastSeenAddress: row.last_seen_address ?? undefined,
    createdRegion: row.created_region ?? undefined,
    lastSeenRegion: row.last_seen_region ?? undefined,
    provedAt: row.proved_at ?? row.created_at,
    assurance: { factors: row.factors === 2 ? 2 : 1, phishingResistant: row.phishing_resistant === 1 },
  }
}
