import type { Ctx, Db } from '#platform'
import { fail } from './errors.ts'
import { hasActiveAccount } from './principals-store.ts'
import { findRole } from './roles-store.ts'

/** The role that holds everything. Whoever sets Gatehouse up receives it. */
export const administrator = 'administrator'

/** Whether an active account is administrator. */
export async function hasAdministrator(db: Db): Promise<boolean> {
  const role = await findRole(db, administrator)
  return role !== undefined && hasActiveAccount(db, role.id)
}

/**
 * Runs a change and vetoes it when it would leave no active account as administrator where there was one. The
 * transaction must be abandoned on that error, whoever asked: the machine's owner too.
 *
 * @throws GateError `access.last-administrator`
 */
export async function keepingAdministrator<T>(ctx: Ctx, change: () => Promise<T>): Promise<T> {
  const before = await hasAdministrator(ctx.db)
  const result = await change()
  if (before && !(await hasAdministrator(ctx.db))) throw fail('access.last-administrator')
  return result
}
