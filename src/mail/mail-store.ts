import { type Db, tables } from '#platform'

/** A mail that waits. What it says, and to whom, is sealed. */
export interface WaitingMail {
  readonly id: string
  readonly purpose: string
  readonly about: { readonly type: string; readonly id: string; readonly name?: string } | undefined
  readonly sealed: Uint8Array
  readonly attempts: number
  readonly dueAt: number
  readonly expiresAt: number | undefined
  readonly createdAt: number
  /** What was said against it last. */
  readonly lastFailure: string | undefined
}

interface MailRow {
  readonly id: string
  readonly purpose: string
  readonly about: string | null
  readonly sealed: Uint8Array
  readonly attempts: number
  readonly due_at: number
  readonly expires_at: number | null
  readonly created_at: number
  readonly last_failure: string | null
}

interface Tables {
  readonly mail_messages: MailRow
}

/** Where a mail's content is sealed to. */
export const placeOf = (id: string) => ({ table: 'mail_messages', column: 'sealed', row: id })

export async function insertMail(db: Db, mail: WaitingMail): Promise<void> {
  await tables<Tables>(db)
    .insertInto('mail_messages')
    .values({
      id: mail.id,
      purpose: mail.purpose,
      about: mail.about === undefined ? null : JSON.stringify(mail.about),
      sealed: mail.sealed,
      attempts: mail.attempts,
      due_at: mail.dueAt,
      expires_at: mail.expiresAt ?? null,
      created_at: mail.createdAt,
      last_failure: mail.lastFailure ?? null,
    })
    .execute()
}

/** The mail that is due longest. */
export async function findDueMail(db: Db, now: number): Promise<WaitingMail | undefined> {
  const row = await tables<Tables>(db)
    .selectFrom('mail_messages')
    .selectAll()
    .where('due_at', '<=', now)
    .orderBy('due_at')
    .orderBy('id')
    .limit(1)
    .executeTakeFirst()
  return row && mailOf(row)
}

/** Notes a failed attempt. */
export async function postponeMail(
  db: Db,
  id: string,
  failed: { readonly attempts: number; readonly dueAt: number; readonly lastFailure: string },
): Promise<void> {
  await tables<Tables>(db)
    .updateTable('mail_messages')
    .set({ attempts: failed.attempts, due_at: failed.dueAt, last_failure: failed.lastFailure })
    .where('id', '=', id)
    .execute()
}

/** False when it was gone already. */
export async function deleteMail(db: Db, id: string): Promise<boolean> {
  const result = await tables<Tables>(db).deleteFrom('mail_messages').where('id', '=', id).executeTakeFirst()
  return result.numDeletedRows === 1n
}

/** How many wait, counted no further than `most`. */
export async function countMails(db: Db, most: number): Promise<number> {
  const rows = tables<Tables>(db).selectFrom('mail_messages').select('id').limit(most).as('waiting')
  const row = await tables<Tables>(db)
    .selectFrom(rows)
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(row.count)
}

/** The oldest that waits and the newest failure of one that still does. */
export async function waitingFacts(
  db: Db,
): Promise<{ readonly since: number | undefined; readonly lastFailure: string | undefined }> {
  const oldest = await tables<Tables>(db)
    .selectFrom('mail_messages')
    .select(({ fn }) => fn.min<number | null>('created_at').as('since'))
    .executeTakeFirst()
  const failed = await tables<Tables>(db)
    .selectFrom('mail_messages')
    .select('last_failure')
    .where('last_failure', 'is not', null)
    .orderBy('due_at', 'desc')
    .limit(1)
    .executeTakeFirst()
  return { since: oldest?.since ?? undefined, lastFailure: failed?.last_failure ?? undefined }
}

function mailOf(row: MailRow): WaitingMail {
  return {
    id: row.id,
    purpose: row.purpose,
    about: row.about === null ? undefined : (JSON.parse(row.about) as NonNullable<WaitingMail['about']>),
    sealed: row.sealed,
    attempts: row.attempts,
    dueAt: row.due_at,
    expiresAt: row.expires_at ?? undefined,
    createdAt: row.created_at,
    lastFailure: row.last_failure ?? undefined,
  }
}
