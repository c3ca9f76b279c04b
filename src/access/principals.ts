import type { PrincipalKind } from '#kit'
import type { Ctx } from '#platform'
import { keepingAdministrator } from './administrators.ts'
import { fail } from './errors.ts'
import { builtInPrincipals } from './facts.ts'
import {
  deletePrincipal,
  findPrincipal,
  findPrincipals,
  insertPrincipals,
  updatePrincipalState,
} from './principals-store.ts'
import type { PrincipalRow } from './tables.ts'

interface NewPrincipal {
  readonly id: string
  readonly kind: PrincipalKind
  readonly name: string
}

/** @throws TypeError for a built-in kind or an id that is known: ids are made, never chosen */
export function addPrincipal(ctx: Ctx, principal: NewPrincipal): Promise<void> {
  return addPrincipals(ctx, [principal])
}

/** The same for many at once. */
export async function addPrincipals(ctx: Ctx, principals: readonly NewPrincipal[]): Promise<void> {
  for (const { id, kind } of principals) {
    if (builtInPrincipals.has(id) || builtInPrincipals.has(kind)) throw new TypeError(`${kind} ${id} is built in`)
  }
  await ctx.tx(async (tx) => {
    const [known] = await findPrincipals(
      tx.db,
      principals.map(({ id }) => id),
    )
    if (known !== undefined) throw new TypeError(`principal ${known.id} is known already`)
    const rows = principals.map(
      ({ id, kind, name }) => ({ id, kind, name, state: 'active', created_at: tx.now }) as const,
    )
    await insertPrincipals(tx.db, rows)
  })
}

/** @throws GateError `access.principal-unknown`, `access.last-administrator` */
export async function setPrincipalState(ctx: Ctx, id: string, state: 'active' | 'disabled'): Promise<void> {
  await ctx.tx(async (ctx) => {
    await getPrincipal(ctx, id)
    await keepingAdministrator(ctx, () => updatePrincipalState(ctx.db, id, state))
  })
}

/** @throws GateError `access.principal-unknown`, `access.last-administrator` */
export async function removePrincipal(ctx: Ctx, id: string): Promise<void> {
  await ctx.tx(async (ctx) => {
    const principal = await getPrincipal(ctx, id)
    const taken = await keepingAdministrator(ctx, () => deletePrincipal(ctx.db, id))
    await ctx.audit({
      action: 'principals.remove',
      target: { type: principal.kind, id, name: principal.name },
      detail: taken,
    })
  })
}

/** @throws GateError `access.principal-unknown` */
export async function getPrincipal(ctx: Ctx, id: string): Promise<PrincipalRow> {
  const found = await findPrincipal(ctx.db, id)
  if (found === undefined) throw fail('access.principal-unknown', { fields: { id: id.slice(0, 80) } })
  return found
}
