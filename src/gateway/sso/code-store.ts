import type { Actor } from '#kit'
import { type Db, tables } from '#platform'

interface Tables {
  readonly gateway_codes: {
    readonly code_hash: string
    readonly host: string
    readonly nonce_hash: string
    readonly return_path: string
    readonly actor: string
    readonly created_at: number
    readonly expires_at: number
    readonly used_at: number | null
  }
}

export interface SignInCode {
  readonly codeHash: string
  readonly host: string
  /** SHA-256 of the nonce cookie of the browser that started. */
  readonly nonceHash: string
  readonly returnPath: string
  /** Who signed in on the console, through which credential and session. */
  readonly actor: Actor
  readonly createdAt: number
  readonly expiresAt: number
}

export async function insertCode(db: Db, code: SignInCode): Promise<void> {
  await tables<Tables>(db)
    .insertInto('gateway_codes')
    .values({
      code_hash: code.codeHash,
      host: code.host,
      nonce_hash: code.nonceHash,
      return_path: code.returnPath,
      actor: JSON.stringify(code.actor),
      created_at: code.createdAt,
      expires_at: code.expiresAt,
      used_at: null,
    })
    .execute()
}

/** Spends a code: one conditional UPDATE, so that of two callers at once exactly one gets it. */
export async function consumeCode(
  db: Db,
  presented: Pick<SignInCode, 'codeHash' | 'host' | 'nonceHash'>,
  now: number,
): Promise<Pick<SignInCode, 'actor' | 'returnPath'> | undefined> {
  const row = await tables<Tables>(db)
    .updateTable('gateway_codes')
    .set({ used_at: now })
    .where('code_hash', '=', presented.codeHash)
    .where('host', '=', presented.host)
    .where('nonce_hash', '=', presented.nonceHash)
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .returning(['actor', 'return_path'])
    .executeTakeFirst()
  return row === undefined ? undefined : { actor: JSON.parse(row.actor) as Actor, returnPath: row.return_path }
}

/** What a refused code was, for the journal: who it was made for, and whether it had been used. */
export async function findCode(
  db: Db,
  codeHash: string,
): Promise<{ readonly actor: Actor; readonly used: boolean } | undefined> {
  const query = tables<Tables>(db).selectFrom('gateway_codes').select(['actor', 'used_at'])
  const row = await query.where('code_hash', '=', codeHash).executeTakeFirst()
  return row === undefined ? undefined : { actor: JSON.parse(row.actor) as Actor, used: row.used_at !== null }
}

/** Forgets codes that ended before `before`. */
export async function forgetCodes(db: Db, before: number): Promise<void> {
  await tables<Tables>(db).deleteFrom('gateway_codes').where('expires_at', '<', before).execute()
}
