import type { Selectable } from 'kysely'
import type { Db } from '../db/database.ts'
import { tables } from '../db/handle.ts'

/** Uses of one thing through one session in one minute. Absent parts of the key are empty texts, so that it is unique. */
export interface NewUse {
  readonly minute: number
  readonly principal_kind: string
  readonly principal_id: string
  readonly session_id: string
  readonly app_id: string
  readonly permission: string
  readonly resource_type: string
  readonly resource_id: string
  readonly resource_name: string | null
  readonly address: string
  count: number
  last_at: number
}

interface AccessTables {
  platform_access_records: NewUse & { readonly ordinal: number }
}

/** Rows in one statement: below the limits of parameters of both engines. */
const rowsAtOnce = 200

/** Adds uses to what the same minute holds already, from this node or another. */
export async function addUses(db: Db, uses: readonly NewUse[]): Promise<void> {
  // the ordinal is the database's to give
  const queries = tables<{ platform_access_records: NewUse }>(db)
  for (let start = 0; start < uses.length; start += rowsAtOnce) {
    await queries
      .insertInto('platform_access_records')
      .values(uses.slice(start, start + rowsAtOnce))
      .onConflict((conflict) =>
        conflict
          .columns([
            'principal_id',
            'minute',
            'session_id',
            'app_id',
            'permission',
            'resource_type',
            'resource_id',
            'address',
          ])
          .doUpdateSet((is) => ({
            count: is('platform_access_records.count', '+', is.ref('excluded.count')),
            last_at: is.ref('excluded.last_at'),
          })),
      )
      .execute()
  }
}

/** Whose uses, or of what. */
export interface UseFilter {
  readonly principalId?: string
  readonly resource?: { readonly type: string; readonly id: string }
}

export async function selectUses(
  db: Db,
  { principalId, resource }: UseFilter,
  limit: number,
  before: number | undefined,
): Promise<readonly Selectable<AccessTables['platform_access_records']>[]> {
  return tables<AccessTables>(db)
    .selectFrom('platform_access_records')
    .selectAll()
    .$if(principalId !== undefined, (query) => query.where('principal_id', '=', principalId ?? ''))
    .$if(resource !== undefined, (query) =>
      query.where('resource_type', '=', resource?.type ?? '').where('resource_id', '=', resource?.id ?? ''),
    )
    .$if(before !== undefined, (query) => query.where('ordinal', '<', before ?? 0))
    .orderBy('ordinal', 'desc')
    .limit(limit)
    .execute()
}
