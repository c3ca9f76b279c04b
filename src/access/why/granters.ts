import { anyCovers } from '#kit'
import type { Ctx } from '#platform'
import { actorAs } from '../asked.ts'
import type { OpenAccess } from '../open.ts'
import { listActiveHolders } from '../principals-store.ts'
import { permissionsOf } from '../roles.ts'
import { listRoles } from '../roles-store.ts'

/** Somebody who holds a permission by a role and may pass it on. */
export interface Granter {
  readonly id: string
  readonly name: string
}

export interface Granters {
  readonly items: readonly Granter[]
  /** Whether there may be more than these. */
  readonly more: boolean
}

/** At most this many roles are looked through. */
const mostRoles = 5_000
/** How many are named, and how many holders are asked about. */
const mostNamed = 10
const mostAsked = 50

/**
 * Accounts that could grant a permission: active, holding it by a role, and allowed to make grants. Whoever holds it by
 * a grant alone could pass it on too and is not looked for.
 */
export function findGranters(access: OpenAccess, ctx: Ctx, permission: string): Promise<Granters> {
  return findHoldersWhoMay(access, ctx, permission, 'grants:create')
}

/** Accounts that may change policies, which is what undoes a `forbid`. */
export function findPolicyAuthors(access: OpenAccess, ctx: Ctx): Promise<Granters> {
  return findHoldersWhoMay(access, ctx, 'policies:update', 'policies:update')
}

async function findHoldersWhoMay(access: OpenAccess, ctx: Ctx, held: string, needed: string): Promise<Granters> {
  const roles = (await listRoles(ctx.db, undefined, mostRoles)).filter((role) => anyCovers(permissionsOf(role), held))
  const holders = await listActiveHolders(
    ctx.db,
    roles.map(({ id }) => id),
    mostAsked + 1,
  )
  const items: Granter[] = []
  for (const holder of holders.slice(0, mostAsked)) {
    const { allowed } = await access.decisions.decide(actorAs(holder), needed, undefined, ctx.now)
    if (!allowed) continue
    if (items.length === mostNamed) return { items, more: true }
    items.push({ id: holder.id, name: holder.name })
  }
  return { items, more: holders.length > mostAsked }
}
