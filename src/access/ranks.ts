import type { Actor } from '#kit'
import type { Ctx, Db } from '#platform'
import { fail } from './errors.ts'
import { holdersAmong, readGroupsOf } from './facts-store.ts'
import { listGroupsWithin } from './groups-store.ts'
import { getPrincipal } from './principals.ts'
import { listGroupsHolding } from './principals-store.ts'
import { findRankedAmong, highestRankOf, type Those } from './ranks-store.ts'
import type { MemberKind, RoleRow } from './tables.ts'

/** The highest rank operators can give a role; 0 is none. */
export const maxRank = 1_000
/** Of administrators: above all others, and they may act on each other. */
export const administratorRank = 1_001

/** The highest rank of the roles a principal holds, by itself or through groups. */
export async function rankOf(db: Db, principalId: string): Promise<number> {
  const groups = await readGroupsOf(db, 'principal', principalId)
  return highestRankOf(db, [
    { kind: 'principal', ids: [principalId] },
    { kind: 'group', ids: groups.map(({ id }) => id) },
  ])
}

/**
 * Refuses to act on somebody of an equal or higher rank: to reset what they sign in with, disable or delete them, end their
 * sessions, change what they hold. Acting on oneself and on whoever has no rank needs none. Administrators stand above all
 * and may act on each other: otherwise of two of them neither could ever remove one whose account was taken over. Asked
 * of the state this context's database sees.
 *
 * @param permission what was about to be done, for the journal
 * @throws GateError `access.outranked`
 */
export async function requireOutranks(ctx: Ctx, principalId: string, permission: string): Promise<void> {
  if (principalId === ctx.actor.principal.id) return
  const own = await rankOfActor(ctx)
  if (own >= administratorRank || isAbove(own, await rankOf(ctx.db, principalId))) return
  const { name } = await getPrincipal(ctx, principalId)
  refuseOutranked(ctx, permission, name)
}

/** The same for many at once. Who holds nothing has no rank. */
export async function requireOutranksAll(ctx: Ctx, principalIds: readonly string[], permission: string): Promise<void> {
  if ((await rankOfActor(ctx)) >= administratorRank) return
  for (const id of await holdersAmong(ctx.db, principalIds)) await requireOutranks(ctx, id, permission)
}

/**
 * The same for whoever is about to receive or lose something: somebody by id, or everybody in a group by its id.
 *
 * @throws GateError `access.outranked`
 */
export function requireOutranksHolder(ctx: Ctx, kind: MemberKind, id: string, permission: string): Promise<void> {
  return kind === 'principal' ? requireOutranks(ctx, id, permission) : requireOutranksMembers(ctx, id, permission)
}

/** Whether a role's rank is below one's own: before it is changed, given or taken. @throws GateError `access.outranked` */
export async function requireOutranksRole(
  ctx: Ctx,
  { title, rank }: Pick<RoleRow, 'title' | 'rank'>,
  permission: string,
): Promise<void> {
  if (!isAbove(await rankOfActor(ctx), rank)) refuseOutranked(ctx, permission, `The role ${title}`)
}

/** Whether one outranks everybody in a group, through nested ones too. @throws GateError `access.outranked` */
export async function requireOutranksMembers(ctx: Ctx, groupId: string, permission: string): Promise<void> {
  await requireOutranksAmong(ctx, async () => ({ groupIds: await listGroupsWithin(ctx.db, [groupId]) }), permission)
}

/**
 * Whether one outranks everybody who holds a role, through groups too: before what it gives or permits them changes.
 *
 * @throws GateError `access.outranked`
 */
export async function requireOutranksHolders(ctx: Ctx, roleId: string, permission: string): Promise<void> {
  const those = async () => ({
    roleId,
    groupIds: await listGroupsWithin(ctx.db, await listGroupsHolding(ctx.db, [roleId])),
  })
  await requireOutranksAmong(ctx, those, permission)
}

async function requireOutranksAmong(ctx: Ctx, those: () => Promise<Those>, permission: string): Promise<void> {
  const own = await rankOfActor(ctx)
  if (own >= administratorRank) return
  const above = await findRankedAmong(ctx.db, await those(), Math.max(own, 1), ctx.actor.principal.id)
  if (above !== undefined) refuseOutranked(ctx, permission, above.name)
}

export async function rankOfActor({ db, actor }: { readonly db: Db; readonly actor: Actor }): Promise<number> {
  const { kind, id } = actor.principal
  return kind === 'local' || kind === 'system' ? administratorRank : rankOf(db, id)
}

export function isAbove(own: number, theirs: number): boolean {
  return theirs === 0 || own > theirs || own >= administratorRank
}

function refuseOutranked(ctx: Ctx, permission: string, name: string): never {
  const error = fail('access.outranked', { fields: { name } })
  const decision = { allowed: false, step: 'policy', code: 'outranked', reason: error.detail, policies: [] } as const
  ctx.refused({ permission, decision })
  throw error
}
