import type { Ctx, EventTable, Kernel } from '#platform'
import { type Attempted, type Delivery, endpointsWithDue, findDue, findEvent, noteDelivery } from './delivery-store.ts'
import type { Endpoint } from './endpoint.ts'
import { findEndpointById, noteAttempt } from './endpoint-store.ts'
import { targetOf } from './message.ts'
import { pauseBySystem } from './pausing.ts'
import { mayRead, type ReadingDeps, stands } from './reading.ts'
import { mostAttempts, patienceMs, pauseAfter } from './schedule.ts'
import { type Outcome, type SendingDeps, send } from './sending.ts'

/** How often a node looks for deliveries that are due, in milliseconds; new events wake it. */
const interval = 1_000
/** Messages on their way to one endpoint at the same time while many wait for it; otherwise one after another, in order. */
const abreast = 4
const many = 16

export interface CourierDeps extends SendingDeps, ReadingDeps {
  readonly kernel: Pick<Kernel, 'clock' | 'database' | 'log' | 'random' | 'underLease'>
  readonly events: EventTable
  readonly counted: (outcome: 'delivered' | 'failed' | 'dead') => void
}

/**
 * Makes the deliveries. Each endpoint has a lane of its own under a lease: one node at a time delivers to it, and one that
 * is dead or slow holds up nobody else. What an attempt came to is written under the lease too, so that a node that was
 * frozen past it cannot write over its successor's work.
 */
export class Courier {
  readonly #deps: CourierDeps
  readonly #stop = new AbortController()
  readonly #lanes = new Map<string, Promise<void>>()
  #timer: NodeJS.Timeout | undefined

  constructor(deps: CourierDeps) {
    this.#deps = deps
  }

  start(): void {
    this.#timer = setInterval(() => this.wake(), interval)
    this.#timer.unref()
  }

  /** Something may be due. Never throws, never blocks. */
  wake(): void {
    this.#startLanes().catch((error: unknown) => {
      this.#deps.kernel.log.warn({ error }, 'due webhook deliveries could not be looked up; they are kept')
    })
  }

  /** Delivers what is due and waits for it. */
  async deliverDue(): Promise<void> {
    await Promise.all(this.#lanes.values())
    await this.#startLanes()
    await Promise.all(this.#lanes.values())
  }

  /** Breaks off what is on its way, which is repeated later, and waits. Idempotent. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#stop.abort()
    await Promise.all(this.#lanes.values())
  }

  async #startLanes(): Promise<void> {
    const { kernel } = this.#deps
    if (this.#stop.signal.aborted) return
    for (const id of await endpointsWithDue(kernel.database.db, kernel.clock.now())) {
      if (this.#lanes.has(id) || this.#stop.signal.aborted) continue
      const lane = this.#runLane(id).finally(() => this.#lanes.delete(id))
      this.#lanes.set(id, lane)
    }
  }

  async #runLane(endpointId: string): Promise<void> {
    const { kernel } = this.#deps
    try {
      await kernel.underLease(`hooks/${endpointId}`, this.#stop.signal, async (ctx) => {
        while (!ctx.signal.aborted && (await this.#deliverSome(endpointId, ctx)));
      })
    } catch (error) {
      kernel.log.warn({ error, endpoint: endpointId }, 'a webhook could not be served; its deliveries are kept')
    }
  }

  /** @returns whether there may be more to do */
  async #deliverSome(endpointId: string, ctx: Ctx): Promise<boolean> {
    const now = this.#deps.kernel.clock.now()
    const endpoint = await findEndpointById(ctx.db, endpointId)
    if (endpoint === undefined || endpoint.pausedReason !== undefined) return false
    const due = await findDue(ctx.db, endpointId, now, many)
    if (due.length === 0) return false
    const isBehind = due.length === many && endpoint.failingSince === undefined
    if (!(await stands(this.#deps, endpoint.owner, now))) {
      await pauseBySystem(this.#deps.kernel.log, ctx, endpoint, 'owner', now)
      return false
    }
    await Promise.all(due.slice(0, isBehind ? abreast : 1).map((delivery) => this.#deliver(endpoint, delivery, ctx)))
    return true
  }

  async #deliver(endpoint: Endpoint, delivery: Delivery, ctx: Ctx): Promise<void> {
    const { kernel, events } = this.#deps
    const event = await findEvent(ctx.db, delivery.eventId)
    const declaration = events[delivery.event]
    const readable =
      event !== undefined &&
      declaration !== undefined &&
      (await mayRead(this.#deps, ctx.db, endpoint.owner, declaration, targetOf(event.body), kernel.clock.now()))
    if (!readable) {
      const attempted = { ...delivery, state: 'dead', reason: 'not-readable', lastAt: kernel.clock.now() } as const
      await ctx.tx((inner) => noteDelivery(inner.db, delivery, attempted))
      return
    }
    const outcome = await send(this.#deps, endpoint, event, kernel.clock.now(), ctx.signal)
    // broken off by us: nobody knows whether it arrived, so it is sent again
    if (ctx.signal.aborted && !outcome.delivered) return
    await this.#note(endpoint, delivery, outcome, ctx)
  }

  async #note(endpoint: Endpoint, delivery: Delivery, outcome: Outcome, ctx: Ctx): Promise<void> {
    const { kernel, counted } = this.#deps
    const now = kernel.clock.now()
    const attempted = attemptedOf(delivery, outcome, now, kernel.random.bytes(4))
    await ctx.tx(async (inner) => {
      await noteDelivery(inner.db, delivery, attempted)
      await noteAttempt(inner.db, endpoint.id, outcome.delivered, now)
    })
    counted(attempted.state === 'waiting' ? 'failed' : attempted.state)
    if (outcome.delivered) return
    if (outcome.reason === 'gone') await pauseBySystem(kernel.log, ctx, endpoint, 'gone', now)
    else if (endpoint.failingSince !== undefined && now - endpoint.failingSince >= patienceMs) {
      await pauseBySystem(kernel.log, ctx, endpoint, 'failing', now)
    }
  }
}

/** What becomes of a delivery by an attempt. */
export function attemptedOf(delivery: Delivery, outcome: Outcome, now: number, random: Uint8Array): Attempted {
  const attempts = delivery.attempts + 1
  const seen = { attempts, lastAt: now, status: outcome.status, answer: outcome.answer, reason: outcome.reason }
  if (outcome.delivered) return { ...seen, state: 'delivered', dueAt: now }
  if (attempts >= mostAttempts) return { ...seen, state: 'dead', dueAt: now }
  const chance = Buffer.from(random).readUInt32BE() / 2 ** 32
  return { ...seen, state: 'waiting', dueAt: now + pauseAfter(attempts, chance, outcome.retryAfterMs) }
}
