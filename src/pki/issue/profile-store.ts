import { type Db, tables } from '#platform'
import type { PkiTables } from '../tables.ts'
import { type KeyClass, keyClasses, type Profile, profileKinds } from './profile.ts'

type Row = PkiTables['pki_profiles']

/** Profiles of the operator's own by name; removed ones are not there. */
export async function listStoredProfiles(db: Db): Promise<readonly Profile[]> {
  const rows = await tables<PkiTables>(db)
    .selectFrom('pki_profiles')
    .selectAll()
    .where('removed_at', 'is', null)
    .orderBy('name')
    .execute()
  return rows.map(profileOf)
}

/** How long the longest certificate of each line lives, by the profiles stored. */
export async function profileLives(db: Db): Promise<ReadonlyMap<string, number>> {
  const rows = await tables<PkiTables>(db)
    .selectFrom('pki_profiles')
    .select((of) => ['line', of.fn.max<number>('lifetime_ms').as('longest')])
    .where('removed_at', 'is', null)
    .groupBy('line')
    .execute()
  return new Map(rows.map(({ line, longest }) => [line, Number(longest)]))
}

/** One that stands. */
export async function findStoredProfile(db: Db, name: string): Promise<Profile | undefined> {
  const row = await tables<PkiTables>(db)
    .selectFrom('pki_profiles')
    .selectAll()
    .where('name', '=', name)
    .where('removed_at', 'is', null)
    .executeTakeFirst()
  return row && profileOf(row)
}

/** Whether one of that name is or was stored. */
export async function isProfileNameTaken(db: Db, name: string): Promise<boolean> {
  const query = tables<PkiTables>(db).selectFrom('pki_profiles').select('name').where('name', '=', name)
  return (await query.executeTakeFirst()) !== undefined
}

export async function insertProfile(db: Db, profile: Profile, now: number): Promise<void> {
  const { name, kind } = profile
  const times = { created_at: now, updated_at: now, removed_at: null }
  await tables<PkiTables>(db)
    .insertInto('pki_profiles')
    .values({ name, kind, ...changeable(profile), ...times, revision: 1 })
    .execute()
}

/** Writes all that may change, and the next revision. */
export async function updateProfile(db: Db, profile: Profile, now: number): Promise<void> {
  await tables<PkiTables>(db)
    .updateTable('pki_profiles')
    .set((value) => ({ ...changeable(profile), updated_at: now, revision: value('revision', '+', 1) }))
    .where('name', '=', profile.name)
    .execute()
}

/** Leaves a tombstone. */
export async function markProfileRemoved(db: Db, name: string, now: number): Promise<void> {
  await tables<PkiTables>(db)
    .updateTable('pki_profiles')
    .set((value) => ({ removed_at: now, updated_at: now, revision: value('revision', '+', 1) }))
    .where('name', '=', name)
    .execute()
}

/** What rests on a profile now. */
export interface ProfileUse {
  /** Certificates that are valid. */
  readonly certificates: number
  /** Enrolment tokens that could still fetch one. */
  readonly tokens: number
}

export async function countProfileUse(db: Db, name: string, now: number): Promise<ProfileUse> {
  const certificates = await tables<PkiTables>(db)
    .selectFrom('pki_certificates')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('profile', '=', name)
    .where('not_after', '>', now)
    .where('revoked_at', 'is', null)
    .executeTakeFirst()
  const tokens = await tables<PkiTables>(db)
    .selectFrom('pki_enrolment_tokens')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('profile', '=', name)
    .where('ends_at', '>', now)
    .where('revoked_at', 'is', null)
    .where('uses_left', '>', 0)
    .executeTakeFirst()
  return { certificates: Number(certificates?.count ?? 0), tokens: Number(tokens?.count ?? 0) }
}

function changeable({ line, lifetimeMs, keys, names, title, description }: Profile) {
  return {
    line,
    lifetime_ms: lifetimeMs,
    keys: JSON.stringify(keys),
    names: JSON.stringify(names),
    title,
    description,
  }
}

function profileOf(row: Row): Profile {
  const kind = profileKinds.find((one) => one === row.kind)
  // a kind nobody knows must not be taken for another one
  if (kind === undefined) throw new TypeError(`the profile ${row.name} is of no known kind`)
  const keys = JSON.parse(row.keys) as readonly string[]
  return {
    name: row.name,
    kind,
    line: row.line,
    lifetimeMs: row.lifetime_ms,
    keys: keyClasses.filter((known: KeyClass) => keys.includes(known)),
    names: JSON.parse(row.names) as readonly string[],
    builtIn: false,
    title: row.title,
    description: row.description,
    revision: row.revision,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
