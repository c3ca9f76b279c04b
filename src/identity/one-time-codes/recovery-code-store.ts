import { type Db, tables } from '#platform'
import type { IdentityTables } from '../tables.ts'

/** Puts a set of codes in the place of whatever the credential had. */
export async function replaceRecoveryCodes(db: Db, credentialId: string, macs: readonly string[]): Promise<void> {
  const rows = tables<IdentityTables>(db)
  await rows.deleteFrom('identity_recovery_codes').where('credential_id', '=', credentialId).execute()
  if (macs.length === 0) return
  await rows
    .insertInto('identity_recovery_codes')
    .values(macs.map((mac) => ({ credential_id: credentialId, mac, used_at: null })))
    .execute()
}

/** Uses one up; false when the set has no such code, or it was used. Of two at once one is refused. */
export async function useRecoveryCode(db: Db, credentialId: string, mac: string, now: number): Promise<boolean> {
  const result = await tables<IdentityTables>(db)
    .updateTable('identity_recovery_codes')
    .set({ used_at: now })
    .where('credential_id', '=', credentialId)
    .where('mac', '=', mac)
    .where('used_at', 'is', null)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** Whether the set has the code unused. */
export async function hasRecoveryCode(db: Db, credentialId: string, mac: string): Promise<boolean> {
  const row = await tables<IdentityTables>(db)
    .selectFrom('identity_recovery_codes')
    .select('mac')
    .where('credential_id', '=', credentialId)
    .where('mac', '=', mac)
    .where('used_at', 'is', null)
    .executeTakeFirst()
  return row !== undefined
}

/** How many of each set are unused. */
export async function countRecoveryCodes(db: Db, credentialId: string): Promise<number> {
  const row = await tables<IdentityTables>(db)
    .selectFrom('identity_recovery_codes')
    .select((e) => e.fn.countAll<number | bigint | string>().as('left'))
    .where('credential_id', '=', credentialId)
    .where('used_at', 'is', null)
    .executeTakeFirstOrThrow()
  return Number(row.left)
}
