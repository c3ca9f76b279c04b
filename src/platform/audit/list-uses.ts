import type { PrincipalKind } from '#kit'
import type { Db } from '../db/database.ts'
import { selectUses, type UseFilter } from './access-store.ts'

/** How often a thing was used through one session in one minute. */
export interface UseRecord {
  /** Where the list goes on: pass it as `before`. */
  readonly position: number
  /** The minute's beginning, milliseconds since the epoch. */
  readonly minute: number
  readonly lastAt: number
  readonly principal: { readonly kind: PrincipalKind; readonly id: string }
  readonly sessionId: string | undefined
  readonly appId: string | undefined
  readonly permission: string
  readonly resource: { readonly type: string; readonly id: string; readonly name: string | undefined }
  readonly address: string | undefined
  readonly count: number
}

/** The access journal of a principal or of a thing, newest first. */
export async function listUses(
  db: Db,
  filter: UseFilter,
  page: { readonly limit: number; readonly before?: number },
): Promise<readonly UseRecord[]> {
  const rows = await selectUses(db, filter, page.limit, page.before)
  return rows.map((row) => ({
    position: row.ordinal,
    minute: row.minute,
    lastAt: row.last_at,
    principal: { kind: row.principal_kind as PrincipalKind, id: row.principal_id },
    sessionId: row.session_id === '' ? undefined : row.session_id,
    appId: row.app_id === '' ? undefined : row.app_id,
    permission: row.permission,
    resource: { type: row.resource_type, id: row.resource_id, name: row.resource_name ?? undefined },
    address: row.address === '' ? undefined : row.address,
    count: row.count,
  }))
}
