import { type Ctx, dropEvent, findDeadEvent, retryDeadEvent, type StoredEvent } from '#platform'
import { fail } from './errors.ts'

/** @throws GateError `hooks.dead-event-unknown` */
export async function getDeadEvent(ctx: Ctx, id: string): Promise<StoredEvent> {
  const event = await findDeadEvent(ctx.db, id)
  if (event === undefined) throw fail('hooks.dead-event-unknown')
  return event
}

/** Has it delivered from the beginning. @throws GateError `hooks.dead-event-unknown` */
export async function retryDead(ctx: Ctx, id: string): Promise<void> {
  await ctx.tx(async (inner) => {
    const { event } = await getDeadEvent(inner, id)
    await retryDeadEvent(inner.db, id)
    await inner.audit({ action: 'dead-events.retry', target: { type: 'dead-event', id }, detail: { event } })
  })
}

/** Its subscribers never see it. @throws GateError `hooks.dead-event-unknown` */
export async function dropDead(ctx: Ctx, id: string, reason: string): Promise<void> {
  await ctx.tx(async (inner) => {
    const { event } = await getDeadEvent(inner, id)
    await dropEvent(inner.db, id)
    await inner.audit({ action: 'dead-events.drop', target: { type: 'dead-event', id }, detail: { event, reason } })
  })
}
