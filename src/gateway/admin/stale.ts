import { type Ctx, type FieldFault, GateError, type Reply } from '#platform'
import { fail } from '../errors.ts'
import { getRoute } from '../published-routes.ts'
import type { GatewayRoute } from '../routing/table.ts'

/** Refuses to change a route that is no longer as its form showed it. */
export function requireRevision(seen: number): (now: GatewayRoute) => void {
  return (now) => {
    if (now.revision !== seen) throw fail('gateway.revision-stale')
  }
}

const stale: FieldFault = {
  field: '',
  message:
    'Somebody changed the route after you loaded it, and nothing of yours was saved. What you typed stands below; saving it now replaces their change.',
}

/**
 * A form that came too late is shown again with what was typed, for the route as it is now: its pages are kept in no
 * cache, so a way back would lead to an empty one.
 */
export async function orShowTyped(
  ctx: Ctx,
  name: string,
  work: () => Promise<Reply>,
  typed: (now: GatewayRoute, faults: readonly FieldFault[]) => Promise<Reply> | Reply,
): Promise<Reply> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof GateError) || error.code !== 'gateway.revision-stale') throw error
    return { ...(await typed(await getRoute(ctx, name), [stale])), status: error.status }
  }
}
