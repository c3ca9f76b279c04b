import type { Ctx } from '#platform'
import { requireCoverage } from './coverage.ts'
import { fail } from './errors.ts'
import { countGrantsTo, findGrant, insertGrant, revokeGrant } from './grants-store.ts'
import type { Vocabulary } from './permissions.ts'
import { getPrincipal } from './principals.ts'
import { requireOutranks } from './ranks.ts'
import type { GrantRow } from './tables.ts'

/** At most this many live grants to one principal: all are looked at when it asks for something. */
export const maxGrantsToOne = 500

export interface NewGrant {
  readonly grantee: string
  readonly permissions: readonly string[]
  readonly note: string
  /** Milliseconds since the epoch; at once when absent. */
  readonly startsAt: number | undefined
  /** Milliseconds since the epoch; until revoked when absent. */
  readonly endsAt: number | undefined
}

/** @throws GateError `access.grant-unknown` */
export async function getGrant(ctx: Ctx, id: string): Promise<GrantRow> {
  const grant = await findGrant(ctx.db, id)
  if (grant === undefined) throw fail('access.grant-unknown', { fields: { id: id.slice(0, 80) } })
  return grant
}

/**
 * Passes permissions the actor holds to somebody else. The grant gives something only while the actor goes on holding it.
 *
 * @throws GateError `access.principal-unknown`, `access.grant-to-oneself`, `access.bad-permission`, `access.more-than-held`,
 * `access.too-many`
 */
export async function createGrant(ctx: Ctx, vocabulary: Vocabulary, grant: NewGrant): Promise<GrantRow> {
  const permissions = vocabulary.require(grant.permissions)
  if (grant.grantee === ctx.actor.principal.id) throw fail('access.grant-to-oneself')
  return ctx.tx(async (ctx) => {
    const grantee = await getPrincipal(ctx, grant.grantee)
    await requireCoverage(ctx, permissions)
    if ((await countGrantsTo(ctx.db, grantee.id, ctx.now)) >= maxGrantsToOne) {
      throw fail('access.too-many', { fields: { limit: maxGrantsToOne, what: 'live grants to one principal' } })
    }
    const row: GrantRow = {
      id: ctx.newId('gra'),
      grantor_id: ctx.actor.principal.id,
      grantee_id: grantee.id,
      permissions: JSON.stringify(permissions),
      note: grant.note,
      starts_at: grant.startsAt ?? ctx.now,
      ends_at: grant.endsAt ?? null,
      created_at: ctx.now,
      revoked_at: null,
    }
    await insertGrant(ctx.db, row)
    await ctx.audit({
      action: 'grants.create',
      target: { type: 'grants', id: row.id },
      detail: { grantee: grantee.id, permissions, startsAt: row.starts_at, endsAt: row.ends_at },
    })
    return row
  })
}

/** The patterns a grant passes on. */
export function storedTexts(row: GrantRow): readonly string[] {
  return JSON.parse(row.permissions) as readonly string[]
}

/**
 * Ends a grant at once. Who gave it takes back their own; everybody else takes something from who has it, as with a role.
 *
 * @throws GateError `access.grant-unknown`, `access.grant-over`, `access.outranked`
 */
export async function endGrant(ctx: Ctx, id: string): Promise<GrantRow> {
  return ctx.tx(async (ctx) => {
    const grant = await getGrant(ctx, id)
    if (grant.revoked_at !== null) throw fail('access.grant-over', { fields: { id } })
    if (grant.grantor_id !== ctx.actor.principal.id) await requireOutranks(ctx, grant.grantee_id, `grants:revoke:${id}`)
    await revokeGrant(ctx.db, id, ctx.now)
    const detail = { grantor: grant.grantor_id, grantee: grant.grantee_id }
    await ctx.audit({ action: 'grants.revoke', target: { type: 'grants', id }, detail })
    return { ...grant, revoked_at: ctx.now }
  })
}
