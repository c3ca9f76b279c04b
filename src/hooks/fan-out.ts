import type { Announcement, Ctx, EventTable, Kernel } from '#platform'
import { countWaiting, insertDelivery, type KeptEvent, keepEvent } from './delivery-store.ts'
import type { Endpoint } from './endpoint.ts'
import { allEndpoints } from './endpoint-store.ts'
import { bareBody, bodyOf } from './message.ts'
import { wants } from './patterns.ts'
import { pauseBySystem } from './pausing.ts'
import { mayRead, type ReadingDeps, stands } from './reading.ts'

/** An endpoint with so much waiting is paused: it will not catch up, and the disk is not its queue. */
export const mostWaiting = 10_000

export interface FanOutDeps extends ReadingDeps {
  readonly kernel: Pick<Kernel, 'log' | 'clock'>
  readonly events: EventTable
  readonly wake: () => void
}

/**
 * Keeps an announced event and queues it for every endpoint that wants it and whose owner may read it. Idempotent: an
 * event told twice is queued once.
 */
export async function fanOut(deps: FanOutDeps, announcement: Announcement, ctx: Ctx): Promise<void> {
  const event = keptEvent(deps, announcement)
  if (event === undefined) return
  const now = deps.kernel.clock.now()
  const receivers: Endpoint[] = []
  for (const endpoint of await allEndpoints(ctx.db)) {
    if (await receives(deps, endpoint, announcement, now, ctx)) receivers.push(endpoint)
  }
  await ctx.tx(async (inner) => {
    await keepEvent(inner.db, event)
    for (const { id: endpointId } of receivers) {
      await insertDelivery(inner.db, { id: inner.newId('dlv'), endpointId, event, now })
    }
  })
  if (receivers.length > 0) deps.wake()
}

function keptEvent({ kernel, events }: FanOutDeps, announcement: Announcement): KeptEvent | undefined {
  const { id, sequence, event, at } = announcement
  const declaration = events[event]
  if (declaration === undefined) {
    kernel.log.warn({ event }, 'a journalled change is no declared event, so nobody is told of it')
    return undefined
  }
  const body = bodyOf(announcement, declaration)
  if (body === undefined) kernel.log.warn({ event, id }, 'an event has another detail than declared; it is left out')
  return { id, sequence, event, at, body: body ?? bareBody(announcement) }
}

async function receives(
  deps: FanOutDeps,
  endpoint: Endpoint,
  { event, target }: Announcement,
  now: number,
  ctx: Ctx,
): Promise<boolean> {
  const declaration = deps.events[event]
  if (endpoint.pausedReason !== undefined || !wants(endpoint.patterns, event) || declaration === undefined) return false
  if (!(await stands(deps, endpoint.owner, now))) {
    await pauseBySystem(deps.kernel.log, ctx, endpoint, 'owner', now)
    return false
  }
  if (!(await mayRead(deps, ctx.db, endpoint.owner, declaration, target, now))) return false
  if ((await countWaiting(ctx.db, endpoint.id, mostWaiting)) < mostWaiting) return true
  await pauseBySystem(deps.kernel.log, ctx, endpoint, 'overflow', now)
  return false
}
