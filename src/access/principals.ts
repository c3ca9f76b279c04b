import type { PrincipalKind } from '#kit'
import type { Ctx } from '#platform'
import { keepingAdministrator } from './administrators.ts'
import { fail } from './errors.ts'
import { builtInPrincipals } from './facts.ts'
import { deletePrincipal, findPrincipal, insertPrincipal, updatePrincipalState } from './principals-store.ts'
import type { PrincipalRow } from './tables.ts'

interface NewPrincipal {
  readonly id: string
  readonly kind: PrincipalKind
  readonly name: string
}

/** @throws TypeError for a built-in kind or an id that is known: ids are made, never chosen */
export async function addPrincipal(ctx: Ctx, { id, kind, name }: NewPrincipal): Promise<void> {
  if (builtInPrincipals.has(id) || builtInPrincipals.has(kind)) throw new TypeError(`${kind} ${id} is built in`)
  await ctx.tx(async (ctx) => {
    if ((await findPrincipal(ctx.db, id)) !== undefined) throw new TypeError(`principal ${id} is known already`)
    await insertPrincipal(ctx.db, { id, kind, name, state: 'active', created_at: ctx.now })
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
