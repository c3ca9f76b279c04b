import type { Ctx } from '#platform'
import { fail } from './errors.ts'
import { hasActiveAccount } from './principals-store.ts'
import { findRole } from './roles-store.ts'

/** The role that holds everything. Whoever sets Gatehouse up receives it. */
export const administrator = 'administrator'

/**
 * Runs a change and vetoes it when it would leave no active account as administrator where there was one. The
 * transaction must be abandoned on that error, whoever asked: the machine's owner too.
 *
 * @throws GateError `access.last-administrator`
 */
export async function keepingAdministrator<T>(ctx: Ctx, change: () => Promise<T>): Promise<T> {
  const role = await findRole(ctx.db, administrator)
  const before = role !== undefined && (await hasActiveAccount(ctx.db, role.id))
  const result = await change()
  if (before && !(await hasActiveAccount(ctx.db, role.id))) throw fail('access.last-administrator')
  return result
}
