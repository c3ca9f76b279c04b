import type { Ctx } from '#platform'
import { type Delivery, eventsSince, findDelivery, findEvents, type KeptEvent, requeue } from './delivery-store.ts'
import type { Endpoint } from './endpoint.ts'
import { getEndpoint } from './endpoints.ts'
import { fail } from './errors.ts'
import { type FanOutDeps, mostWaiting } from './fan-out.ts'
import { targetOf } from './message.ts'
import { wants } from './patterns.ts'
import { journalTarget } from './pausing.ts'
import { mayRead } from './reading.ts'

const batch = 200

/** Queues one delivery again, whatever became of it. @throws GateError `hooks.webhook-unknown`, `hooks.delivery-unknown` */
export async function replayOne(deps: FanOutDeps, ctx: Ctx, name: string, id: string): Promise<Delivery> {
  const delivery = await ctx.tx(async (inner) => {
    const endpoint = await getEndpoint(inner, name)
    const found = await findDelivery(inner.db, endpoint.id, id)
    const event = found === undefined ? undefined : (await findEvents(inner.db, [found.eventId])).get(found.eventId)
    if (found === undefined || event === undefined) throw fail('hooks.delivery-unknown')
    await requeue(inner.db, [{ id, endpointId: endpoint.id, event, now: inner.now }])
    await inner.audit({ action: 'webhooks.replay', target: journalTarget(endpoint), detail: { count: 1 } })
    return { ...found, state: 'waiting' as const, attempts: 0, dueAt: inner.now }
  })
  deps.wake()
  return delivery
}

export interface Replayed {
  readonly queued: number
  readonly more: boolean
}

/**
 * Queues for an endpoint every kept event since a time that it wants and whose owner may read, at most 10,000. What was
 * delivered before is sent again, under the same id.
 *
 * @throws GateError `hooks.webhook-unknown`
 */
export async function replaySince(deps: FanOutDeps, ctx: Ctx, name: string, since: number): Promise<Replayed> {
  const { chosen, more } = await chooseSince(deps, ctx, await getEndpoint(ctx, name), since)
  await ctx.tx(async (inner) => {
    const endpoint = await getEndpoint(inner, name)
    const again = chosen.map((event) => ({
      id: inner.newId('dlv'),
      endpointId: endpoint.id,
      event,
      now: inner.now,
    }))
    await requeue(inner.db, again)
    await inner.audit({ action: 'webhooks.replay', target: journalTarget(endpoint), detail: { count: chosen.length } })
  })
  deps.wake()
  return { queued: chosen.length, more }
}

async function chooseSince(deps: FanOutDeps, ctx: Ctx, endpoint: Endpoint, since: number) {
  const chosen: Pick<KeptEvent, 'id' | 'sequence' | 'event'>[] = []
  let after = -1
  for (;;) {
    const events = await eventsSince(ctx.db, since, after, batch)
    for (const { id, sequence, event, body } of events) {
      if (!(await isFor(deps, endpoint, event, body, ctx))) continue
      if (chosen.length === mostWaiting) return { chosen, more: true }
      chosen.push({ id, sequence, event })
    }
    after = events.at(-1)?.sequence ?? after
    if (events.length < batch) return { chosen, more: false }
  }
}

async function isFor(deps: FanOutDeps, endpoint: Endpoint, event: string, body: string, ctx: Ctx): Promise<boolean> {
  const declaration = deps.events[event]
  if (declaration === undefined || !wants(endpoint.patterns, event)) return false
  return mayRead(deps, ctx.db, endpoint.owner, declaration, targetOf(body), ctx.now)
}
