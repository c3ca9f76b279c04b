import { type Db, tables } from '#platform'

export type DeliveryState = 'waiting' | 'delivered' | 'dead'

/** An event as it is sent, kept so that it can be sent again. */
export interface KeptEvent {
  readonly id: string
  readonly sequence: number
  readonly event: string
  readonly at: number
  /** The message's body, byte for byte. */
  readonly body: string
}

/** One event for one endpoint. */
export interface Delivery {
  readonly id: string
  readonly endpointId: string
  readonly eventId: string
  readonly event: string
  readonly sequence: number
  readonly state: DeliveryState
  readonly attempts: number
  readonly dueAt: number
  readonly lastAt: number | undefined
  readonly status: number | undefined
  readonly reason: string | undefined
  readonly answer: string | undefined
  readonly createdAt: number
}

/** What an attempt left behind. */
export type Attempted = Pick<Delivery, 'state' | 'attempts' | 'dueAt' | 'lastAt' | 'status' | 'reason' | 'answer'>

export interface NewDelivery {
  readonly id: string
  readonly endpointId: string
  readonly event: Pick<KeptEvent, 'id' | 'sequence' | 'event'>
  readonly now: number
}

/** Thirteen values a row: far below what a statement may bind. */
const rowsAtOnce = 200

interface DeliveryRow {
  readonly id: string
  readonly endpoint_id: string
  readonly event_id: string
  readonly event: string
  readonly sequence: number
  readonly state: DeliveryState
  readonly attempts: number
  readonly due_at: number
  readonly last_at: number | null
  readonly status: number | null
  readonly reason: string | null
  readonly answer: string | null
  readonly created_at: number
}

interface Tables {
  readonly hooks_events: KeptEvent
  readonly hooks_deliveries: DeliveryRow
  readonly hooks_endpoints: { readonly id: string; readonly state: string; readonly removed_at: number | null }
}

/** Keeps an event; one that is kept already stays. */
export async function keepEvent(db: Db, event: KeptEvent): Promise<void> {
  await tables<Tables>(db)
    .insertInto('hooks_events')
    .values(event)
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

export async function findEvents(db: Db, ids: readonly string[]): Promise<ReadonlyMap<string, KeptEvent>> {
  const rows = await tables<Tables>(db).selectFrom('hooks_events').selectAll().where('id', 'in', ids).execute()
  return new Map(rows.map((row) => [row.id, row]))
}

/** Events from a time on, in order, after a sequence number. */
export async function eventsSince(
  db: Db,
  since: number,
  afterSequence: number,
  limit: number,
): Promise<readonly KeptEvent[]> {
  return tables<Tables>(db)
    .selectFrom('hooks_events')
    .selectAll()
    .where('at', '>=', since)
    .where('sequence', '>', afterSequence)
    .orderBy('sequence')
    .limit(limit)
    .execute()
}

/** Queues an event for an endpoint, once: an event that was fanned out before changes nothing. */
export async function insertDelivery(db: Db, delivery: NewDelivery): Promise<void> {
  await tables<Tables>(db)
    .insertInto('hooks_deliveries')
    .values(fresh(delivery))
    .onConflict((conflict) => conflict.columns(['endpoint_id', 'event_id']).doNothing())
    .execute()
}

/** Queues events for an endpoint again, as if they never were. */
export async function requeue(db: Db, deliveries: readonly NewDelivery[]): Promise<void> {
  for (let first = 0; first < deliveries.length; first += rowsAtOnce) {
    await tables<Tables>(db)
      .insertInto('hooks_deliveries')
      .values(deliveries.slice(first, first + rowsAtOnce).map(fresh))
      .onConflict((conflict) =>
        conflict.columns(['endpoint_id', 'event_id']).doUpdateSet((is) => ({
          state: is.ref('excluded.state'),
          attempts: is.ref('excluded.attempts'),
          due_at: is.ref('excluded.due_at'),
          status: is.ref('excluded.status'),
          reason: is.ref('excluded.reason'),
          answer: is.ref('excluded.answer'),
        })),
      )
      .execute()
  }
}

function fresh({ id, endpointId, event, now }: NewDelivery): DeliveryRow {
  return {
    id,
    endpoint_id: endpointId,
    event_id: event.id,
    event: event.event,
    sequence: event.sequence,
    state: 'waiting',
    attempts: 0,
    due_at: now,
    last_at: null,
    status: null,
    reason: null,
    answer: null,
    created_at: now,
  }
}

/** Endpoints that are on and have something due. */
export async function endpointsWithDue(db: Db, now: number): Promise<readonly string[]> {
  const rows = await tables<Tables>(db)
    .selectFrom('hooks_deliveries')
    .innerJoin('hooks_endpoints', 'hooks_endpoints.id', 'hooks_deliveries.endpoint_id')
    .select('hooks_deliveries.endpoint_id')
    .distinct()
    .where('hooks_deliveries.state', '=', 'waiting')
    .where('hooks_deliveries.due_at', '<=', now)
    .where('hooks_endpoints.state', '=', 'on')
    .where('hooks_endpoints.removed_at', 'is', null)
    .execute()
  return rows.map(({ endpoint_id }) => endpoint_id)
}

/** What is due for an endpoint, oldest event first. */
export async function findDue(db: Db, endpointId: string, now: number, limit: number): Promise<readonly Delivery[]> {
  const rows = await tables<Tables>(db)
    .selectFrom('hooks_deliveries')
    .selectAll()
    .where('endpoint_id', '=', endpointId)
    .where('state', '=', 'waiting')
    .where('due_at', '<=', now)
    .orderBy('due_at')
    .orderBy('sequence')
    .limit(limit)
    .execute()
  return rows.map(deliveryOf)
}

/** Writes what an attempt came to, unless the delivery was queued anew meanwhile. */
export async function noteDelivery(db: Db, before: Delivery, after: Attempted): Promise<void> {
  await tables<Tables>(db)
    .updateTable('hooks_deliveries')
    .set({
      state: after.state,
      attempts: after.attempts,
      due_at: after.dueAt,
      last_at: after.lastAt ?? null,
      status: after.status ?? null,
      reason: after.reason ?? null,
      answer: after.answer ?? null,
    })
    .where('id', '=', before.id)
    .where('state', '=', 'waiting')
    .where('attempts', '=', before.attempts)
    .execute()
}

export async function findDelivery(db: Db, endpointId: string, id: string): Promise<Delivery | undefined> {
  const row = await tables<Tables>(db)
    .selectFrom('hooks_deliveries')
    .selectAll()
    .where('id', '=', id)
    .where('endpoint_id', '=', endpointId)
    .executeTakeFirst()
  return row === undefined ? undefined : deliveryOf(row)
}

/** An endpoint's deliveries, newest event first, a page at a time. */
export async function pageOfDeliveries(
  db: Db,
  endpointId: string,
  { state, before, limit }: { readonly state?: DeliveryState; readonly before?: number; readonly limit: number },
): Promise<readonly Delivery[]> {
  let query = tables<Tables>(db).selectFrom('hooks_deliveries').selectAll().where('endpoint_id', '=', endpointId)
  if (state !== undefined) query = query.where('state', '=', state)
  if (before !== undefined) query = query.where('sequence', '<', before)
  return (await query.orderBy('sequence', 'desc').limit(limit).execute()).map(deliveryOf)
}

/** How many of an endpoint's deliveries wait; counts no further than `most`. */
export async function countWaiting(db: Db, endpointId: string, most: number): Promise<number> {
  const rows = tables<Tables>(db)
    .selectFrom('hooks_deliveries')
    .select('id')
    .where('endpoint_id', '=', endpointId)
    .where('state', '=', 'waiting')
    .limit(most)
    .as('waiting')
  const row = await tables<Tables>(db)
    .selectFrom(rows)
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(row.count)
}

/** How many deliveries wait and how many were given up, for the metrics. */
export async function countByState(db: Db): Promise<ReadonlyMap<DeliveryState, number>> {
  const rows = await tables<Tables>(db)
    .selectFrom('hooks_deliveries')
    .select(({ fn }) => ['state', fn.countAll<number>().as('count')])
    .where('state', 'in', ['waiting', 'dead'])
    .groupBy('state')
    .execute()
  return new Map(rows.map(({ state, count }) => [state, Number(count)]))
}

export async function removeDeliveries(db: Db, endpointId: string): Promise<void> {
  await tables<Tables>(db).deleteFrom('hooks_deliveries').where('endpoint_id', '=', endpointId).execute()
}

/**
 * Forgets events made before `before`, and of those left all but the newest `most`; and deliveries of events that are
 * forgotten, whatever their state.
 */
export async function forgetEvents(db: Db, before: number, most: number): Promise<number> {
  const oldestKept = await tables<Tables>(db)
    .selectFrom('hooks_events')
    .select('sequence')
    .orderBy('sequence', 'desc')
    .limit(1)
    .offset(most - 1)
    .executeTakeFirst()
  const { numDeletedRows } = await tables<Tables>(db)
    .deleteFrom('hooks_events')
    .where((is) => is.or([is('at', '<', before), is('sequence', '<', oldestKept?.sequence ?? 0)]))
    .executeTakeFirst()
  if (numDeletedRows === 0n) return 0
  await tables<Tables>(db)
    .deleteFrom('hooks_deliveries')
    .where((is) =>
      is.not(
        is.exists(
          is
            .selectFrom('hooks_events')
            .select('hooks_events.id')
            .whereRef('hooks_events.id', '=', 'hooks_deliveries.event_id'),
        ),
      ),
    )
    .execute()
  return Number(numDeletedRows)
}

function deliveryOf(row: DeliveryRow): Delivery {
  return {
    id: row.id,
    endpointId: row.endpoint_id,
    eventId: row.event_id,
    event: row.event,
    sequence: row.sequence,
    state: row.state,
    attempts: row.attempts,
    dueAt: row.due_at,
    lastAt: row.last_at ?? undefined,
    status: row.status ?? undefined,
    reason: row.reason ?? undefined,
    answer: row.answer ?? undefined,
    createdAt: row.created_at,
  }
}
