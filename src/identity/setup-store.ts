import { type Db, tables } from '#platform'
import type { IdentityTables } from './tables.ts'

const doneMark = 'done'

/** Whether set-up was completed, ever. */
export async function isSetUp(db: Db): Promise<boolean> {
  const row = await tables<IdentityTables>(db)
    .selectFrom('identity_setup')
    .select('hash')
    .where('hash', '=', doneMark)
    .executeTakeFirst()
  return row !== undefined
}

/** Closes set-up for ever and forgets links and tickets. @throws a unique violation when another closed it meanwhile */
export async function closeSetup(db: Db, now: number): Promise<void> {
  const rows = tables<IdentityTables>(db)
  await rows
    .insertInto('identity_setup')
    .values({ hash: doneMark, kind: 'done', created_at: now, expires_at: null })
    .execute()
  await rows.deleteFrom('identity_setup').where('hash', '!=', doneMark).execute()
}

export async function insertSetupSecret(
  db: Db,
  kind: 'link' | 'ticket',
  hash: string,
  now: number,
  expiresAt: number,
): Promise<void> {
  const rows = tables<IdentityTables>(db)
  await rows.deleteFrom('identity_setup').where('expires_at', '<=', now).execute()
  await rows.insertInto('identity_setup').values({ hash, kind, created_at: now, expires_at: expiresAt }).execute()
}

/** Uses up a link: true for exactly one caller. */
export async function takeSetupLink(db: Db, hash: string, now: number): Promise<boolean> {
  const result = await tables<IdentityTables>(db)
    .deleteFrom('identity_setup')
    .where('hash', '=', hash)
    .where('kind', '=', 'link')
    .where('expires_at', '>', now)
    .executeTakeFirst()
  return result.numDeletedRows === 1n
}

export async function hasSetupTicket(db: Db, hash: string, now: number): Promise<boolean> {
  const row = await tables<IdentityTables>(db)
    .selectFrom('identity_setup')
    .select('hash')
    .where('hash', '=', hash)
    .where('kind', '=', 'ticket')
    .where('expires_at', '>', now)
    .executeTakeFirst()
  return row !== undefined
}
